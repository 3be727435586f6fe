#include "repository/layout_place.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/xalloc.h"

static char *
parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

int
layout_check_place(const char *path, struct error **err)
{
	AUTO_FREE char *at = xstrdup(path);

	while (access(at, W_OK) < 0) {
		char *above;

		if (errno != ENOENT || strcmp(at, ".") == 0)
			return error_set_errno(err, errno, "cannot write to '%s'", at);
		above = parent_of(at);
		free(at);
		at = above;
	}
	return 0;
}
