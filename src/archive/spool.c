/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"

/* For file systems without O_TMPFILE. */
static int
create_named(const char *folder)
{
	AUTO_FREE char *path = xasprintf("%s/ocifp.XXXXXX", folder);
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd >= 0)
		(void)unlink(path);
	return fd;
}

static int
create(struct error **err)
{
	const char *folder = temporary_folder();
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		fd = create_named(folder);
	if (fd < 0)
		return error_set_path(err, errno, "create a temporary file in", folder);
	return fd;
}

/* 0 at the end. */
static ssize_t
read_some(int fd, void *bytes, size_t size)
{
	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		ssize_t count = read(fd, bytes, size);

		if (count >= 0 || (errno != EINTR && errno != EAGAIN))
			return count;
		if (errno == EAGAIN)
			(void)poll(&ready, 1, -1);
	}
}

int
spool(int fd, struct error **err)
{
	AUTO_FREE char *buffer = xcalloc(1, TRANSFER_BUFFER_BYTES);
	AUTO_CLOSE int spool_fd = create(err);
	ssize_t count;

	if (spool_fd < 0)
		return -1;
	while ((count = read_some(fd, buffer, TRANSFER_BUFFER_BYTES)) > 0)
		if (fd_write_all(spool_fd, buffer, (size_t)count, "a temporary file", err) < 0)
			return error_set_hint(err, "TMPDIR names the folder for such files");
	if (count < 0)
		return error_set_errno(err, errno, "cannot read standard input");
	return TAKE_FD(spool_fd);
}
