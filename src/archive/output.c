#include "archive/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"

static int
open_stdout(struct output *output, struct error **err)
{
	if (isatty(STDOUT_FILENO)) {
		error_set(err, ERROR_USAGE, "an archive is not written to a terminal");
		return error_set_hint(err,
				      "redirect standard output, or name a file instead of '-'");
	}
	output->path = xstrdup("standard output");
	output->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	if (output->fd < 0)
		return error_set_errno(err, errno, "cannot write to standard output");
	return 0;
}

static int
name_temporary(struct output *output, struct error **err)
{
	const char *slash = strrchr(output->path, '/');
	int folder_size = slash ? (int)(slash + 1 - output->path) : 0;
	uint8_t random[8];
	char hex[2 * sizeof(random) + 1];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return error_set_path(err, errno, "name a temporary file for", output->path);
	text_hex(random, sizeof(random), hex);
	output->temporary = xasprintf("%.*s.%s.tmp", folder_size, output->path, hex);
	return 0;
}

static int
open_file(struct output *output, struct error **err)
{
	if (name_temporary(output, err) < 0)
		return -1;
	output->fd =
		open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (output->fd >= 0)
		return 0;
	free(TAKE_PTR(output->temporary));
	return error_set_path(err, errno, "create a file beside", output->path);
}

static int
open_special(struct output *output, struct error **err)
{
	output->fd = open(output->path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	return output->fd < 0 ? error_set_path(err, errno, "write to", output->path) : 0;
}

static int
open_path(const char *path, struct output *output, struct error **err)
{
	struct stat status;

	output->path = realpath(path, NULL);
	if (!output->path)
		output->path = xstrdup(path);
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return open_special(output, err);
	return open_file(output, err);
}

int
output_open(const char *path, struct output *output, struct error **err)
{
	return strcmp(path, "-") == 0 ? open_stdout(output, err) : open_path(path, output, err);
}

int
output_commit(struct output *output, struct error **err)
{
	if (!output->temporary)
		return 0;
	if (fsync(output->fd) < 0)
		return error_set_path(err, errno, "sync", output->path);
	if (rename(output->temporary, output->path) < 0)
		return error_set_path(err, errno, "replace", output->path);
	free(TAKE_PTR(output->temporary));
	return dir_sync(AT_FDCWD, output->path, err);
}

void
output_release(struct output *output)
{
	close_at(&output->fd);
	if (output->temporary)
		(void)unlink(output->temporary);
	free(output->temporary);
	free(output->path);
	*output = OUTPUT_INIT;
}
