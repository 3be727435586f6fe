/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/paths.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"

static int
refuse(struct error **err, const char *named, const char *reason)
{
	error_set(err, ERROR_USAGE, "input '%s' %s", QUOTED(named), reason);
	return error_set_hint(err, "inputs are paths below the project directory");
}

static bool
is_component(const char *start, size_t size, const char *component)
{
	return size == strlen(component) && memcmp(start, component, size) == 0;
}

/* Appends one component to a path that has room for it. */
static void
append_component(char *path, const char *start, size_t size)
{
	size_t used = strlen(path);

	if (size == 0 || is_component(start, size, "."))
		return;
	if (used > 0)
		path[used++] = '/';
	memcpy(path + used, start, size);
	path[used + size] = '\0';
}

char *
path_normalise(const char *named, struct error **err)
{
	AUTO_FREE char *path = xcalloc(1, strlen(named) + 1);
	const char *start = named;

	if (!*named || *named == '/') {
		refuse(err, named, *named ? "is absolute" : "is empty");
		return NULL;
	}
	for (;;) {
		size_t size = strcspn(start, "/");

		if (is_component(start, size, "..")) {
			refuse(err, named, "contains '..'");
			return NULL;
		}
		append_component(path, start, size);
		if (!start[size])
			return TAKE_PTR(path);
		start += size + 1;
	}
}

bool
path_is_below_any(const char *path, const struct strings *ancestors)
{
	for (size_t i = 0; i < ancestors->count; i++)
		if (path_is_below(path, ancestors->items[i]))
			return true;
	return false;
}

bool
path_never_enters(const char *path)
{
	for (const char *start = path; *start;) {
		size_t size = strcspn(start, "/");

		if (is_component(start, size, ".git") || is_component(start, size, ".ocifp.lock"))
			return true;
		start += size;
		start += *start == '/';
	}
	return false;
}

char *
path_join(const char *directory, const char *name, struct error **err)
{
	size_t directory_size = strlen(directory);
	bool bare = directory_size == 0 || directory[directory_size - 1] == '/';

	if (directory_size + strlen(name) + 1 > PATH_LIMIT_BYTES) {
		error_set(err, ERROR_USAGE, "the path of '%s' is longer than %d bytes",
			  QUOTED(name), PATH_LIMIT_BYTES);
		return NULL;
	}
	return xasprintf("%s%s%s", directory, bare ? "" : "/", name);
}

const char *
path_to_open(const char *path)
{
	return *path ? path : ".";
}
