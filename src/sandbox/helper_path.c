/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/helper_path.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/xalloc.h"

/* NULL: not there. */
static char *
within(const char *folder)
{
	AUTO_FREE char *path = xasprintf("%s/ocifp-layer", folder);

	return access(path, X_OK) == 0 ? TAKE_PTR(path) : NULL;
}

static char *
beside_us(void)
{
	char path[PATH_MAX];
	ssize_t size = executable_path(path, sizeof(path) - 1);
	char *slash;

	if (size <= 0)
		return NULL;
	path[size] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return within(path);
}

char *
helper_path(struct error **err)
{
	const char *named = environment_find("OCIFP_LIBEXEC");
	char *path = named ? within(named) : beside_us();

	if (!path && !named)
		path = within(LIBEXECDIR);
	if (path)
		return path;
	error_set(err, ERROR_LOCAL, "the program 'ocifp-layer' is not installed");
	error_set_hint(err, "it is part of ocifp and belongs in '%s'", named ? named : LIBEXECDIR);
	return NULL;
}
