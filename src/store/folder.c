/* SPDX-License-Identifier: Apache-2.0 */
#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "store/state.h"

int
folder_fail(const struct store *store, int errnum, const char *doing, const char *path,
	    struct error **err)
{
	AUTO_FREE char *full = store_full_path(store, path);

	error_set_errno(err, errnum, "cannot %s '%s'", doing, QUOTED(full));
	if (errno_is_link(errnum) || errnum == ENOTDIR)
		error_set_hint(err, "a store may not contain symbolic links; move it away");
	else if (errnum == ENOLCK || errnum == ENOTSUP)
		error_set_hint(err, "put the store on a file system that supports locks");
	return -1;
}

/* In our own store, undo the umask.  Nothing is synced: a commit syncs the folders of blobs, and
 * who writes index.json, which makes them reachable, syncs the root. */
static int
make_directory(const struct store *store, int parent_fd, const char *name)
{
	if (mkdirat(parent_fd, name, store_folder_mode(store)) < 0)
		return errno == EEXIST ? dir_open_at(parent_fd, name) : -1;
	if (store->is_own && fchmodat(parent_fd, name, store_folder_mode(store), 0) < 0)
		return -1;
	return dir_open_at(parent_fd, name);
}

/* Opens component by component, because O_NOFOLLOW applies to the last one only.  -1 with errno. */
static int
walk(const struct store *store, const char *path, bool make)
{
	AUTO_FREE char *copy = xstrdup(path);
	AUTO_CLOSE int parent_fd = -1;
	char *rest = copy;
	char *name;
	int fd = store->fd;

	while (fd >= 0 && (name = strsep(&rest, "/"))) {
		int errnum;

		int at_fd = fd;

		fd = dir_open_at(at_fd, name);
		if (fd < 0 && errno == ENOENT && make)
			fd = make_directory(store, at_fd, name);
		errnum = errno;
		close_at(&parent_fd);
		parent_fd = fd;
		errno = errnum;
	}
	return TAKE_FD(parent_fd);
}

int
folder_try(const struct store *store, const char *path)
{
	return walk(store, path, false);
}

int
folder_find(const struct store *store, const char *path, int *ret_fd, struct error **err)
{
	int fd = walk(store, path, false);

	if (fd < 0 && errno != ENOENT)
		return folder_fail(store, errno, "open directory", path, err);
	*ret_fd = fd;
	return 0;
}

int
folder_make(const struct store *store, const char *path, struct error **err)
{
	int fd = walk(store, path, true);

	return fd < 0 ? folder_fail(store, errno, "make directory", path, err) : fd;
}

static int
check_regular(const struct store *store, int fd, const char *path, struct error **err)
{
	AUTO_FREE char *full = NULL;
	struct stat status;

	if (fstat(fd, &status) < 0)
		return folder_fail(store, errno, "stat", path, err);
	if (S_ISREG(status.st_mode))
		return 0;
	full = store_full_path(store, path);
	error_set(err, ERROR_LOCAL, "'%s' is not a regular file", QUOTED(full));
	return error_set_hint(err, "run 'ocifp store fsck --repair' to move it away");
}

int
folder_find_file(const struct store *store, const char *path, int *ret_fd, struct error **err)
{
	AUTO_FREE char *folder = path_folder(path);
	AUTO_CLOSE int folder_fd = -1;
	AUTO_CLOSE int fd = -1;

	if (folder_find(store, folder, &folder_fd, err) < 0)
		return -1;
	if (folder_fd >= 0)
		fd = openat(folder_fd, path_name(path),
			    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (folder_fd >= 0 && fd < 0 && errno != ENOENT)
		return folder_fail(store, errno, "open", path, err);
	if (fd >= 0 && check_regular(store, fd, path, err) < 0)
		return -1;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int
folder_find_names(const struct store *store, const char *path, int *ret_fd,
		  struct strings *ret_names, struct error **err)
{
	AUTO_CLOSE int fd = -1;

	if (folder_find(store, path, &fd, err) < 0)
		return -1;
	if (fd >= 0 && dir_names(fd, SIZE_MAX, ret_names) < 0)
		return folder_fail(store, errno, "read directory", path, err);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int
folder_list(const struct store *store, const char *path, struct strings *ret_names,
	    struct error **err)
{
	AUTO_CLOSE int fd = -1;

	return folder_find_names(store, path, &fd, ret_names, err);
}

int
folder_move(const struct store *store, const char *from, const char *to, struct error **err)
{
	AUTO_FREE char *from_folder = path_folder(from);
	AUTO_FREE char *to_folder = path_folder(to);
	AUTO_CLOSE int from_fd = folder_try(store, from_folder);
	AUTO_CLOSE int to_fd = -1;

	if (from_fd < 0)
		return folder_fail(store, errno, "open directory", from_folder, err);
	to_fd = folder_make(store, to_folder, err);
	if (to_fd < 0)
		return -1;
	if (renameat(from_fd, path_name(from), to_fd, path_name(to)) < 0)
		return folder_fail(store, errno, "move into place", to, err);
	return 0;
}

int
folder_remove_file(const struct store *store, const char *path, struct error **err)
{
	AUTO_FREE char *folder = path_folder(path);
	AUTO_CLOSE int folder_fd = folder_try(store, folder);

	if (folder_fd < 0 || unlinkat(folder_fd, path_name(path), 0) < 0)
		return folder_fail(store, errno, "remove", path, err);
	return 0;
}
