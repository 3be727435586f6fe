/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/member_name.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/xalloc.h"

/* Cuts the last component off; false when there is none. */
static bool
cut_last(char *name, size_t *size)
{
	if (*size == 0)
		return false;
	while (*size > 0 && name[*size - 1] != '/')
		--*size;
	if (*size > 0)
		--*size;
	name[*size] = '\0';
	return true;
}

/* `name` is empty and has room for `path`. */
static bool
walk(char *name, const char *path, bool may_climb)
{
	size_t size = 0;

	while (*path) {
		size_t length = strcspn(path, "/");
		bool climbs = length == 2 && path[0] == '.' && path[1] == '.';

		if (climbs && (!may_climb || !cut_last(name, &size)))
			return false;
		if (!climbs && length > 0 && !(length == 1 && path[0] == '.')) {
			if (size > 0)
				name[size++] = '/';
			memcpy(name + size, path, length);
			size += length;
			name[size] = '\0';
		}
		path += length + (path[length] == '/');
	}
	return size > 0;
}

char *
member_name(const char *path)
{
	AUTO_FREE char *name = xcalloc(1, strlen(path) + 1);

	if (*path == '/' || !walk(name, path, false))
		return NULL;
	return TAKE_PTR(name);
}

char *
member_name_follow(const char *name, const char *target)
{
	const char *slash = strrchr(name, '/');
	int folder_size = slash ? (int)(slash - name) : 0;
	AUTO_FREE char *path = xasprintf("%.*s/%s", folder_size, name, target);
	AUTO_FREE char *result = xcalloc(1, strlen(path) + 1);

	if (*target == '/' || !walk(result, path, true))
		return NULL;
	return TAKE_PTR(result);
}
