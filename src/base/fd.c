/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"

/* True when the call that failed with `errnum` should be made again.  A standard stream may be
 * non-blocking because of whoever else has it open. */
static bool
may_go_on(int fd, short events, int errnum)
{
	struct pollfd ready = { .fd = fd, .events = events };

	if (errnum == EAGAIN)
		return poll(&ready, 1, -1) >= 0 || errno == EINTR;
	return errnum == EINTR;
}

/* Or a copy of it.  As in `ocifp export REF | head`: its reader has seen enough. */
static bool
is_our_output(int fd)
{
	struct stat status;
	struct stat output;

	return fstat(fd, &status) == 0 && fstat(STDOUT_FILENO, &output) == 0 &&
	       status.st_dev == output.st_dev && status.st_ino == output.st_ino;
}

int
fd_write_all(int fd, const void *bytes, size_t size, const char *what, struct error **err)
{
	const char *next = bytes;

	while (size > 0) {
		ssize_t written = write(fd, next, size);

		if (written < 0) {
			if (may_go_on(fd, POLLOUT, errno))
				continue;
			int errnum = errno;

			error_set_path(err, errnum, "write", what);
			return errnum == EPIPE && is_our_output(fd)
				       ? error_set_class(err, CLASS_NO_READER)
				       : -1;
		}
		next += written;
		size -= (size_t)written;
	}
	return 0;
}

int
fd_pwrite_all(int fd, const void *bytes, size_t size, uint64_t offset, const char *what,
	      struct error **err)
{
	const char *next = bytes;

	while (size > 0) {
		ssize_t written = pwrite(fd, next, size, (off_t)offset);

		if (written < 0) {
			if (errno == EINTR)
				continue;
			return error_set_path(err, errno, "write", what);
		}
		next += written;
		size -= (size_t)written;
		offset += (uint64_t)written;
	}
	return 0;
}

ssize_t
fd_read_full(int fd, void *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = read(fd, (char *)bytes + done, size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static int
read_to_end(int fd, struct buf *buf, const char *what, struct error **err)
{
	char chunk[16384];

	for (;;) {
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got == 0)
			return 0;
		if (got < 0 && may_go_on(fd, POLLIN, errno))
			continue;
		if (got < 0)
			return error_set_path(err, errno, "read", what);
		if (buf_append(buf, chunk, (size_t)got, err) < 0)
			return error_wrap(err, "cannot read '%s'", QUOTED(what));
	}
}

int
fd_read_all(int fd, struct buf *buf, const char *what, struct error **err)
{
	size_t size_before = buf->size;

	if (read_to_end(fd, buf, what, err) == 0)
		return 0;
	buf->size = size_before;
	if (buf->data)
		buf->data[size_before] = '\0';
	return -1;
}

static int
open_to_read(int dir_fd, const char *path)
{
	return openat(dir_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static int
check_regular(int fd, const char *path, struct error **err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set_path(err, errno, "look at", path);
	if (S_ISREG(status.st_mode))
		return 0;
	return error_set(err, ERROR_LOCAL, "'%s' is not a regular file", QUOTED(path));
}

int
file_open(int dir_fd, const char *path, struct error **err)
{
	AUTO_CLOSE int fd = open_to_read(dir_fd, path);

	if (fd < 0)
		return error_set_path(err, errno, "open", path);
	if (check_regular(fd, path, err) < 0)
		return -1;
	return TAKE_FD(fd);
}

int
file_read(int dir_fd, const char *path, struct buf *buf, struct error **err)
{
	AUTO_CLOSE int fd = file_open(dir_fd, path, err);

	if (fd < 0)
		return -1;
	return fd_read_all(fd, buf, path, err);
}

int
file_find(int dir_fd, const char *path, struct buf *buf, bool *ret_found, struct error **err)
{
	AUTO_CLOSE int fd = open_to_read(dir_fd, path);

	if (fd < 0 && errno == ENOENT) {
		*ret_found = false;
		return 0;
	}
	if (fd < 0)
		return error_set_path(err, errno, "open", path);
	if (check_regular(fd, path, err) < 0 || fd_read_all(fd, buf, path, err) < 0)
		return -1;
	*ret_found = true;
	return 0;
}

static bool
is_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
file_is_same(const struct stat *before, const struct stat *after)
{
	return before->st_dev == after->st_dev && before->st_ino == after->st_ino &&
	       before->st_size == after->st_size &&
	       is_same_time(&before->st_mtim, &after->st_mtim) &&
	       is_same_time(&before->st_ctim, &after->st_ctim);
}
