#include "image/ensure/build_room.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "store/lock.h"

static const char prefix[] = "ocifp-build-";

static int
remove_entry(const char *path, const struct stat *info, int type, struct FTW *position)
{
	(void)info;
	(void)type;
	(void)position;
	(void)remove(path);
	return 0;
}

static void
remove_all(const char *path)
{
	/* Only with FTW_CHDIR would it touch what threads share. */
	/* NOLINTNEXTLINE(concurrency-mt-unsafe) */
	(void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* -1: not a directory of ours, or somebody has it. */
static int
lock_room(const char *path)
{
	AUTO_CLOSE int fd = dir_open_at(AT_FDCWD, path);
	struct stat info;

	/* Without a link it was removed between the two. */
	if (fd < 0 || lock_fd_try(fd, LOCK_EXCLUSIVE) != 0 || fstat(fd, &info) < 0 ||
	    info.st_nlink == 0 || info.st_uid != geteuid())
		return -1;
	return TAKE_FD(fd);
}

static void
remove_if_left(const char *parent, const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", parent, name);
	AUTO_CLOSE int lock_fd = lock_room(path);

	if (lock_fd >= 0)
		remove_all(path);
}

static void
remove_leftovers(const char *parent)
{
	AUTO_CLOSE int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_STRINGS struct strings names = { 0 };

	if (fd < 0 || dir_names(fd, SIZE_MAX, &names) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (text_starts(names.items[i], prefix))
			remove_if_left(parent, names.items[i]);
}

/* *ret_lock_fd -1: another run took the new directory for one that was left. */
static int
try_make(const char *parent, char **ret_path, int *ret_lock_fd, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%sXXXXXX", parent, prefix);

	if (!mkdtemp(path))
		return error_set_errno(err, errno, "cannot make a directory in '%s'", parent);
	*ret_lock_fd = lock_room(path);
	*ret_path = TAKE_PTR(path);
	return 0;
}

int
build_room_make(struct build_room *ret_room, struct error **err)
{
	const char *parent = temporary_folder();
	AUTO_FREE char *path = NULL;
	int lock_fd = -1;

	remove_leftovers(parent);
	for (unsigned tries = 0; lock_fd < 0 && tries < 10; tries++) {
		free(TAKE_PTR(path));
		if (try_make(parent, &path, &lock_fd, err) < 0)
			return -1;
	}
	if (lock_fd < 0)
		return error_set(err, ERROR_LOCAL, "cannot lock a directory in '%s'", parent);
	ret_room->path = TAKE_PTR(path);
	ret_room->lock_fd = lock_fd;
	return 0;
}

void
build_room_release(struct build_room *room)
{
	if (!room->path)
		return;
	remove_all(room->path);
	(void)close(room->lock_fd);
	free(TAKE_PTR(room->path));
}
