/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <string.h>

#include "base/xalloc.h"

const char *
path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *
path_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

bool
path_is_below(const char *path, const char *ancestor)
{
	size_t size = strlen(ancestor);

	if (size > 0 && ancestor[size - 1] == '/')
		size--;
	return size == 0 ||
	       (strncmp(path, ancestor, size) == 0 && (path[size] == '/' || !path[size]));
}

bool
path_go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash[1])
		return false;
	slash[slash == path] = '\0';
	return true;
}
