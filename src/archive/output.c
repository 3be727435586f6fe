/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/leftovers.h"
#include "base/random.h"
#include "base/xalloc.h"

static int
name_temporary(struct output *output, const char *folder, struct error **err)
{
	AUTO_FREE char *name = random_hex(8, err);

	if (!name)
		return -1;
	output->temporary = xasprintf("%s.%s.tmp", folder, name);
	leftovers_add(output->temporary);
	return 0;
}

/* An unnamed file leaves nothing behind even when the process is killed.  It is linked through
 * /proc. */
static int
open_unnamed(const char *folder)
{
	if (access("/proc/self/fd", X_OK) < 0)
		return -1;
	return open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
}

int
output_open(const char *path, struct output *output, struct error **err)
{
	if (strcmp(path, "-") != 0) {
		struct stat status;
		const char *slash;
		AUTO_FREE char *folder = NULL;

		output->path = realpath(path, NULL);
		if (!output->path)
			output->path = xstrdup(path);
		if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
			output->fd = open(output->path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
			return output->fd < 0 ? error_set_path(err, errno, "write to", output->path)
					      : 0;
		}
		slash = strrchr(output->path, '/');
		folder = slash ? xstrndup(output->path, (size_t)(slash + 1 - output->path))
			       : xstrdup("./");
		if (name_temporary(output, folder, err) < 0)
			return -1;
		output->fd = open_unnamed(folder);
		if (output->fd >= 0)
			return 0;
		output->fd = open(output->temporary,
				  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (output->fd < 0)
			return error_set_path(err, errno, "create a file beside", output->path);
		output->has_name = true;
		return 0;
	}
	if (isatty(STDOUT_FILENO)) {
		error_set(err, ERROR_USAGE, "cannot write an archive to a terminal");
		return error_set_hint(err,
				      "redirect standard output, or name a file instead of '-'");
	}
	output->path = xstrdup("standard output");
	output->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	if (output->fd < 0)
		return error_set_errno(err, errno, "cannot write to standard output");
	return 0;
}

int
output_commit(struct output *output, struct error **err)
{
	AUTO_FREE char *source = NULL;

	if (!output->temporary)
		return 0;
	if (fd_sync(output->fd) < 0)
		return error_set_path(err, errno, "sync", output->path);
	source = xasprintf("/proc/self/fd/%d", output->fd);
	if (!output->has_name &&
	    linkat(AT_FDCWD, source, AT_FDCWD, output->temporary, AT_SYMLINK_FOLLOW) < 0)
		return error_set_path(err, errno, "create a file beside", output->path);
	output->has_name = true;
	if (rename(output->temporary, output->path) < 0)
		return error_set_path(err, errno, "replace", output->path);
	output->has_name = false;
	return dir_sync(AT_FDCWD, output->path, err);
}

void
output_release(struct output *output)
{
	close_at(&output->fd);
	if (output->has_name)
		(void)unlink(output->temporary);
	if (output->temporary)
		leftovers_forget(output->temporary);
	free(output->temporary);
	free(output->path);
	*output = OUTPUT_INIT;
}
