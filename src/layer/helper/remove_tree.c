/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/remove_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"

struct removal {
	int root_fd;
	unsigned moved_count; /* too deep: moved up for the next round */
};

/* Without following a link.  On Linux through a descriptor: fchmod(2) does not accept O_PATH, and
 * fchmodat(2) without following came with 6.6. */
static int
open_up(int parent_fd, const char *name)
{
	AUTO_CLOSE int fd = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FREE char *path = xasprintf("/proc/self/fd/%d", fd);

	if (fd >= 0 && fchmodat(AT_FDCWD, path, 0700, 0) == 0)
		return 0;
	return fchmodat(parent_fd, name, 0700, AT_SYMLINK_NOFOLLOW);
}

static int
open_directory(int parent_fd, const char *name)
{
	int fd = dir_open_at(parent_fd, name);

	if (fd >= 0 || errno != EACCES || open_up(parent_fd, name) < 0)
		return fd;
	return dir_open_at(parent_fd, name);
}

static int empty(struct removal *removal, int fd, unsigned depth);

static int
remove_directory(struct removal *removal, int parent_fd, const char *name, unsigned depth)
{
	AUTO_CLOSE int fd = open_directory(parent_fd, name);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	/* Only root can empty a directory without write permission. */
	if ((status.st_mode & 0700) != 0700 && fchmod(fd, 0700) < 0)
		return -1;
	if (depth == TREE_DEPTH_LIMIT_COUNT) {
		AUTO_FREE char *path = xasprintf(".deep.%u", removal->moved_count++);

		return renameat(parent_fd, name, removal->root_fd, path);
	}
	if (empty(removal, fd, depth) < 0)
		return -1;
	return unlinkat(parent_fd, name, AT_REMOVEDIR);
}

static int
remove_one(struct removal *removal, int parent_fd, const char *name, unsigned depth)
{
	struct stat status;

	if (fstatat(parent_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (S_ISDIR(status.st_mode))
		return remove_directory(removal, parent_fd, name, depth);
	return unlinkat(parent_fd, name, 0);
}

static int
empty(struct removal *removal, int fd, unsigned depth)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (dir_names(fd, SIZE_MAX, &names) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (remove_one(removal, fd, names.items[i], depth + 1) < 0)
			return -1;
	return 0;
}

int
remove_children(int fd)
{
	struct removal removal = { .root_fd = fd };
	unsigned before;

	do {
		before = removal.moved_count;
		if (empty(&removal, fd, 0) < 0)
			return -1;
	} while (removal.moved_count > before);
	return 0;
}
