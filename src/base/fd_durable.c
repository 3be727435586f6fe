/* SPDX-License-Identifier: Apache-2.0 */
#include "base/environment.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "base/trace.h"
#include "base/xalloc.h"

static int
sync_fd(int fd)
{
#ifdef F_FULLFSYNC
	/* Not each file system has it. */
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

static bool
is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int
make_one(const char *path, mode_t mode, struct error **err)
{
	int errnum;

	if (mkdir(path, mode) == 0)
		return 0;
	/* What is there already answers EEXIST, but EROFS or EACCES in some places. */
	errnum = errno;
	return is_directory(path) ? 0 : error_set_path(err, errnum, "make directory", path);
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
	/* EINVAL: a file system whose directories cannot be synced. */
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
