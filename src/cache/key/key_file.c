/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/key/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/paths.h"
#include "oci/document.h"

/* One line of a text, without its line end. */
struct line {
	const char *start;
	size_t size;
};

static bool
next_line(const char **at, struct line *line)
{
	if (!**at)
		return false;
	line->start = *at;
	line->size = strcspn(*at, "\n");
	*at += line->size + ((*at)[line->size] == '\n');
	if (line->size > 0 && line->start[line->size - 1] == '\r')
		line->size--;
	return true;
}

static bool
line_is(const struct line *line, const char *text)
{
	return line->size == strlen(text) && memcmp(line->start, text, line->size) == 0;
}

/* The value of `KEY = "VALUE"`; NULL: another line. */
static char *
line_value(const struct line *line, const char *key)
{
	AUTO_FREE char *text = xstrndup(line->start, line->size);
	const char *at = text + strspn(text, " \t");
	const char *end;

	if (!text_starts(at, key))
		return NULL;
	at += strlen(key);
	at += strspn(at, " \t");
	if (*at++ != '=')
		return NULL;
	at += strspn(at, " \t");
	if (*at++ != '"')
		return NULL;
	end = strchr(at, '"');
	return end ? xstrndup(at, (size_t)(end - at)) : NULL;
}

struct package {
	char *name;
	char *version;
	bool has_source;
};

static void
package_release(struct package *package)
{
	free(package->name);
	free(package->version);
	*package = (struct package){ 0 };
}

/* Reads a [[package]] of a lock file up to the next table; false: no package is left. */
static bool
next_package(const char **at, struct package *package)
{
	struct line line;
	bool is_inside = false;

	for (;;) {
		const char *before = *at;

		if (!next_line(at, &line))
			return is_inside;
		if (line.size > 0 && *line.start == '[') {
			if (is_inside) {
				*at = before;
				return true;
			}
			is_inside = line_is(&line, "[[package]]");
		} else if (is_inside) {
			if (!package->name)
				package->name = line_value(&line, "name");
			if (!package->version)
				package->version = line_value(&line, "version");
			package->has_source |= line.size > strlen("source") &&
					       strncmp(line.start, "source", strlen("source")) == 0;
		}
	}
}

static void
append(struct buf *buf, const void *bytes, size_t size)
{
	AUTO_ERROR struct error *ignored = NULL;

	/* The text is never longer than the file, which was read with a limit. */
	(void)!buf_append(buf, bytes, size, &ignored);
}

/* In a list of dependencies a version follows a name that two packages have. */
static bool
is_own_dependency(const struct line *line, const struct strings *names,
		  const struct strings *versions, size_t *ret_index)
{
	AUTO_FREE char *text = xstrndup(line->start, line->size);

	for (size_t i = 0; i < names->count; i++) {
		AUTO_FREE char *wanted =
			xasprintf(" \"%s %s\",", names->items[i], versions->items[i]);

		if (strcmp(text, wanted) == 0) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

static char *
mask_cargo_lock(const char *text)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_STRINGS struct strings versions = { 0 };
	AUTO_BUF struct buf masked = BUF_INIT(KEY_INPUT_LIMIT_BYTES);
	AUTO_FREE char *name = NULL;
	const char *at = text;
	struct line line;
	size_t index;
	CLEANUP(package_release) struct package package = { 0 };

	while (next_package(&at, &package)) {
		if (package.name && package.version && !package.has_source) {
			strings_add(&names, package.name);
			strings_add(&versions, package.version);
		}
		package_release(&package);
	}
	for (at = text; next_line(&at, &line);) {
		AUTO_FREE char *version = line_value(&line, "version");
		AUTO_FREE char *named = line_value(&line, "name");

		if (named) {
			free(name);
			name = TAKE_PTR(named);
		}
		if (version && name) {
			bool is_own = false;

			for (size_t i = 0; i < names.count && !is_own; i++)
				is_own = strcmp(names.items[i], name) == 0 &&
					 strcmp(versions.items[i], version) == 0;
			free(name);
			name = NULL;
			if (is_own)
				continue;
		}
		if (is_own_dependency(&line, &names, &versions, &index)) {
			append(&masked, names.items[index], strlen(names.items[index]));
		} else {
			append(&masked, line.start, line.size);
		}
		append(&masked, "\n", 1);
	}
	return masked.data ? buf_take(&masked) : xstrdup("");
}

char *
key_file_mask(const char *name, const char *text)
{
	if (strcmp(path_name(name), "Cargo.lock") == 0)
		return mask_cargo_lock(text);
	if (strcmp(path_name(name), "Cargo.toml") == 0) {
		AUTO_BUF struct buf masked = BUF_INIT(KEY_INPUT_LIMIT_BYTES);
		bool is_package = false;
		struct line line;

		for (const char *at = text; next_line(&at, &line);) {
			AUTO_FREE char *version = line_value(&line, "version");

			if (line.size > 0 && *line.start == '[')
				is_package = line_is(&line, "[package]") ||
					     line_is(&line, "[workspace.package]");
			if (is_package && version)
				continue;
			append(&masked, line.start, line.size);
			append(&masked, "\n", 1);
		}
		return masked.data ? buf_take(&masked) : xstrdup("");
	}
	return xstrdup(text);
}

static void
add_package(struct strings *packages, const char *name, const char *version)
{
	if (text_is_printable_ascii(name) && text_is_printable_ascii(version) &&
	    !strchr(name, ' ') && !strchr(version, ' '))
		strings_take(packages, xasprintf("%s %s", name, version));
}

static void
list_locked(const char *text, struct strings *packages)
{
	CLEANUP(package_release) struct package package = { 0 };

	while (next_package(&text, &package)) {
		if (package.name && package.version && package.has_source)
			add_package(packages, package.name, package.version);
		package_release(&package);
	}
}

/* "packages": {"node_modules/NAME": {"version": ...}} */
static void
list_npm(const char *text, struct strings *packages)
{
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_JSON json_t *document = document_parse(text, strlen(text), &ignored);
	static const char folder[] = "node_modules/";
	json_t *value;
	const char *key;

	json_object_foreach (json_object_get(document, "packages"), key, value) {
		const char *version = json_string_value(json_object_get(value, "version"));

		if (version && text_starts(key, folder))
			add_package(packages, key + strlen(folder), version);
	}
}

/* "MODULE VERSION[/go.mod] HASH" */
static void
list_go(const char *text, struct strings *packages)
{
	struct line line;

	while (next_line(&text, &line)) {
		AUTO_FREE char *copy = xstrndup(line.start, line.size);
		char *version = strchr(copy, ' ');
		char *hash = version ? strchr(version + 1, ' ') : NULL;

		if (!hash)
			continue;
		*version = '\0';
		*hash = '\0';
		if (!text_ends(version + 1, "/go.mod"))
			add_package(packages, copy, version + 1);
	}
}

void
key_file_packages(const char *name, const char *text, struct strings *ret_packages)
{
	const char *base = path_name(name);

	if (strcmp(base, "Cargo.lock") == 0 || strcmp(base, "uv.lock") == 0)
		list_locked(text, ret_packages);
	else if (strcmp(base, "package-lock.json") == 0)
		list_npm(text, ret_packages);
	else if (strcmp(base, "go.sum") == 0)
		list_go(text, ret_packages);
}

int
key_file_read(const char *directory, const char *path, bool is_optional, struct buf *ret_bytes,
	      bool *ret_found, struct error **err)
{
	AUTO_FREE char *whole = xasprintf("%s/%s", directory, path);
	AUTO_FREE char *real = realpath(whole, NULL);
	AUTO_FREE char *quoted = text_quote_string(path);

	*ret_found = false;
	if (!real && (errno == ENOENT || errno == ENOTDIR)) {
		if (is_optional)
			return 0;
		error_set(err, ERROR_USAGE, "cannot read key file '%s': it does not exist", quoted);
		return error_set_hint(err, "list it under 'optional' too if it may be missing");
	}
	if (!real)
		return error_set_path(err, errno, "read key file", path);
	if (!path_is_below(real, directory))
		return error_set(err, ERROR_USAGE,
				 "invalid key file '%s': it leads out of the project", quoted);
	if (file_read(AT_FDCWD, real, ret_bytes, err) < 0) {
		error_set_kind(err, ERROR_USAGE);
		return error_wrap(err, "cannot read key file '%s'", quoted);
	}
	*ret_found = true;
	return 0;
}
