/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/trace.h"
#include "base/xalloc.h"

/* True when the call that failed with `errnum` should be made again.  A standard stream may be
 * non-blocking because another process set it so. */
static bool
may_go_on(int fd, short events, int errnum)
{
	struct pollfd ready = { .fd = fd, .events = events };

	if (errnum == EAGAIN)
		return poll(&ready, 1, -1) >= 0 || errno == EINTR;
	return errnum == EINTR;
}

/* True for standard output and its copies.  When its reader closes it, as in `ocifp export REF |
 * head`, that is not an error. */
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

static int
sync_fd(int fd)
{
#ifdef F_FULLFSYNC
	/* Some file systems do not support it. */
	if (fcntl(fd, F_FULLFSYNC) == 0)
		return 0;
#endif
	return fsync(fd);
}

int
fd_sync(int fd)
{
	int64_t begun_us = trace_now_us();
	int ret = sync_fd(fd);

	trace_span("sync", 0, begun_us, trace_now_us(), "a file or directory");
	return ret;
}

#ifdef HAVE_SYNCFS
int
fd_sync_all(int fd)
{
	int64_t begun_us = trace_now_us();
	int ret = syncfs(fd);

	trace_span("sync", 0, begun_us, trace_now_us(), "the file system");
	return ret;
}
#endif

static char *
parent_path(const char *path)
{
	size_t size = strlen(path);

	while (size > 1 && path[size - 1] == '/')
		size--;
	while (size > 0 && path[size - 1] != '/')
		size--;
	return size > 0 ? xstrndup(path, size) : xstrdup(".");
}

static int
write_new(int fd, const char *path, const void *bytes, size_t size, bool is_durable,
	  struct error **err)
{
	if (fd_write_all(fd, bytes, size, path, err) < 0)
		return -1;
	if (is_durable && fd_sync(fd) < 0)
		return error_set_path(err, errno, "sync", path);
	return 0;
}

static int
rename_over(int dir_fd, const char *from, const char *path, bool is_durable, struct error **err)
{
	if (renameat(dir_fd, from, dir_fd, path) < 0)
		return error_set_path(err, errno, "replace", path);
	return is_durable ? dir_sync(dir_fd, path, err) : 0;
}

static int
replace(int dir_fd, const char *path, mode_t mode, const void *bytes, size_t size, bool is_durable,
	struct error **err)
{
	AUTO_FREE char *parent = parent_path(path);
	AUTO_FREE char *name = random_hex(8, err);
	AUTO_FREE char *temporary = name ? xasprintf("%s/.%s.tmp", parent, name) : NULL;
	AUTO_CLOSE int fd = -1;

	if (!temporary)
		return -1;
	fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return error_set_path(err, errno, "create a file beside", path);
	if (write_new(fd, path, bytes, size, is_durable, err) == 0 &&
	    rename_over(dir_fd, temporary, path, is_durable, err) == 0)
		return 0;
	(void)unlinkat(dir_fd, temporary, 0);
	return -1;
}

int
file_replace(int dir_fd, const char *path, mode_t mode, const void *bytes, size_t size,
	     struct error **err)
{
	return replace(dir_fd, path, mode, bytes, size, true, err);
}

int
file_replace_unsynced(int dir_fd, const char *path, mode_t mode, const void *bytes, size_t size,
		      struct error **err)
{
	return replace(dir_fd, path, mode, bytes, size, false, err);
}

bool
dir_exists(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool
dir_exists_at(int dir_fd, const char *name)
{
	struct stat status;

	return fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

static int
make_one(const char *path, mode_t mode, struct error **err)
{
	int errnum;

	if (mkdir(path, mode) == 0)
		return 0;
	/* An existing directory gives EEXIST, but EROFS or EACCES on some systems. */
	errnum = errno;
	return dir_exists(path) ? 0 : error_set_path(err, errnum, "make directory", path);
}

const char *
temporary_folder(void)
{
	const char *folder = environment_find("TMPDIR");

	return folder && folder[0] == '/' ? folder : "/tmp";
}

int
dir_make(const char *path, mode_t mode, struct error **err)
{
	AUTO_FREE char *prefix = xstrdup(path);
	char *slash = prefix + strspn(prefix, "/");

	while ((slash = strchr(slash, '/'))) {
		*slash = '\0';
		if (make_one(prefix, mode, err) < 0)
			return -1;
		*slash++ = '/';
	}
	return make_one(prefix, mode, err);
}

int
dir_open(const char *path, struct error **err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? error_set_path(err, errno, "open directory", path) : fd;
}

int
dir_open_at(int dir_fd, const char *path)
{
	return openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int
dir_sync(int dir_fd, const char *path, struct error **err)
{
	AUTO_FREE char *parent = parent_path(path ? path : "");
	AUTO_CLOSE int fd = openat(dir_fd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set_path(err, errno, "open directory", parent);
	/* EINVAL: the file system cannot sync directories. */
	if (fd_sync(fd) < 0 && errno != EINVAL)
		return error_set_path(err, errno, "sync directory", parent);
	return 0;
}

void
file_start_writing(int fd, uint64_t offset, uint64_t size)
{
#ifdef HAVE_SYNC_FILE_RANGE
	(void)sync_file_range(fd, (off_t)offset, (off_t)size, SYNC_FILE_RANGE_WRITE);
#else
	(void)fd;
	(void)offset;
	(void)size;
#endif
}

bool
file_settle(int fd)
{
#ifdef HAVE_SYNC_FILE_RANGE
	return sync_file_range(fd, 0, 0,
			       SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				       SYNC_FILE_RANGE_WAIT_AFTER) == 0;
#else
	(void)fd;
	return false;
#endif
}

/* Returns an errno. */
static int
read_names(DIR *dir, size_t most_count, struct strings *names)
{
	for (;;) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(dir); /* NOLINT(concurrency-mt-unsafe): `dir` is ours alone */
		if (!entry)
			return errno;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (names->count >= most_count)
			return E2BIG;
		strings_add(names, entry->d_name);
	}
}

int
dir_names(int dir_fd, size_t most_count, struct strings *ret_names)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_CLOSE int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	int errnum;

	if (!dir)
		return -1;
	(void)TAKE_FD(fd);
	errnum = read_names(dir, most_count, &names);
	(void)closedir(dir);
	if (errnum) {
		errno = errnum;
		return -1;
	}
	strings_sort(&names);
	*ret_names = names;
	names = (struct strings){ 0 };
	return 0;
}
