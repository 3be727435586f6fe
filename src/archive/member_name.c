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

static void
add_component(char *name, size_t *size, const char *component, size_t length)
{
	if (*size > 0)
		name[(*size)++] = '/';
	memcpy(name + *size, component, length);
	*size += length;
	name[*size] = '\0';
}

/* Walks `path` from the folder that `name` holds, which has room for both and a '/'. */
static bool
walk(char *name, const char *path, bool may_climb)
{
	size_t size = strlen(name);

	while (*path) {
		size_t length = strcspn(path, "/");
		bool climbs = length == 2 && path[0] == '.' && path[1] == '.';

		if (climbs && (!may_climb || !cut_last(name, &size)))
			return false;
		if (!climbs && length > 0 && !(length == 1 && path[0] == '.'))
			add_component(name, &size, path, length);
		path += length + (path[length] == '/');
	}
	return size > 0;
}

char *
member_name(const char *path)
{
	AUTO_FREE char *name = xcalloc(1, strlen(path) + 2);

	if (*path == '/' || !walk(name, path, false))
		return NULL;
	return TAKE_PTR(name);
}

char *
member_name_follow(const char *name, const char *target)
{
	size_t folder_size = strlen(name);
	AUTO_FREE char *result = xcalloc(1, folder_size + strlen(target) + 2);

	memcpy(result, name, folder_size);
	(void)cut_last(result, &folder_size);
	if (*target == '/' || !walk(result, target, true))
		return NULL;
	return TAKE_PTR(result);
}
