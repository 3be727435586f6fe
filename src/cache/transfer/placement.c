/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/transfer/placement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/leftovers.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "cache/tree/cache_roots.h"
#include "layer/unpacker.h"

/* linux/fs.h; macOS has both under other names. */
#ifdef HAVE_RENAMEATX_NP
#define RENAME_NOREPLACE RENAME_EXCL
#define RENAME_EXCHANGE RENAME_SWAP
#endif
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

#define TREE "fs"
#define INSIDE_NAME "cache" /* stage_open() makes ".cache.ocifp" of it */
#define INSIDE_STAGE ".cache.ocifp"
#define MOVING "moving"

enum { PACKS_AHEAD_COUNT = 8 };

/* Looking */

static bool
is_ours(const char *name)
{
	return strcmp(name, INSIDE_STAGE) == 0 || strcmp(name, "lost+found") == 0;
}

static bool
has_names(int fd)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (dir_names(fd, 3, &names) < 0)
		return true; /* more than three, or nothing that we may read */
	for (size_t i = 0; i < names.count; i++)
		if (!is_ours(names.items[i]))
			return true;
	return false;
}

bool
placement_is_free(const struct cache_root *root)
{
	AUTO_CLOSE int fd = open(root->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat info;

	if (fd < 0)
		return lstat(root->directory, &info) < 0; /* false: a file */
	return faccessat(fd, INSIDE_STAGE "/" MOVING, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       !has_names(fd);
}

/* Filling */

int
placement_open(struct placement *placement, const struct cache_root *root, int head_fd,
	       const struct restore_request *request, struct error **err)
{
	static const struct id_map map = { .kind = ID_MAP_HOST };
	AUTO_FREE char *inside = xasprintf("%s/" INSIDE_NAME, root->directory);
	AUTO_CLOSE int old_fd = -1;
	AUTO_FREE char *above = NULL;
	struct stat here;
	struct stat there;

	*placement = (struct placement){ .root = root, .stage = STAGE_INIT };
	above = xasprintf("%s/..", root->directory);
	placement->is_inside = stat(root->directory, &here) == 0 && stat(above, &there) == 0 &&
			       (here.st_dev != there.st_dev || here.st_ino == there.st_ino);
	if (stage_open(placement->is_inside ? inside : root->directory, &map, &placement->stage,
		       err) < 0)
		return -1;
	/* Empties the directory that a killed restore left. */
	old_fd = dir_open_at(placement->stage.fd, "old");
	if (old_fd >= 0 && unpacker_empty(old_fd, &placement->stage.map, err) < 0)
		return -1;
	placement->restorer = restorer_start(placement->stage.tree_fd, head_fd, request, err);
	return placement->restorer ? 0 : -1;
}

bool
placement_wants(const struct placement *placement)
{
	return placement->sent_count - placement->done_count < PACKS_AHEAD_COUNT;
}

int
placement_send(struct placement *placement, const struct digest *digest, int fd, struct error **err)
{
	placement->sent_count++;
	return restorer_send(placement->restorer, digest, fd, err);
}

int
placement_hear(struct placement *placement, struct error **err)
{
	if (leftovers_check(err) < 0 || restorer_receive(placement->restorer, &placement->has_ended,
							 &placement->restored, err) < 0)
		return -1;
	placement->done_count += !placement->has_ended;
	return 0;
}

int
placement_poll_fd(const struct placement *placement)
{
	return restorer_poll_fd(placement->restorer);
}

void
placement_release(struct placement *placement)
{
	restorer_free(TAKE_PTR(placement->restorer));
	if (placement->root)
		stage_release(&placement->stage);
	placement->root = NULL;
}

/* Placing */

static int
rename_with(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
#ifdef SYS_renameat2
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
#elif defined(HAVE_RENAMEATX_NP)
	return renameatx_np(from_fd, from, to_fd, to, flags);
#else
	(void)from_fd;
	(void)from;
	(void)to_fd;
	(void)to;
	(void)flags;
	errno = ENOSYS;
	return -1;
#endif
}

static bool
cannot_do(int errnum)
{
	return errnum == ENOSYS || errnum == EINVAL || errnum == EPERM || errnum == ENOTSUP;
}

/* If another process has made the name meanwhile, it stays. */
static int
move_new(int from_fd, int to_fd, const char *name)
{
	struct stat info;

	if (rename_with(from_fd, name, to_fd, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (!cannot_do(errno))
		return -1;
	if (fstatat(to_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(from_fd, name, to_fd, name);
}

static int
move_all(int from_fd, int to_fd, const char *what, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (dir_names(from_fd, CACHE_ENTRIES_LIMIT_COUNT, &names) < 0)
		return error_set_path(err, errno, "read directory", what);
	for (size_t i = 0; i < names.count; i++)
		if (!is_ours(names.items[i]) && move_new(from_fd, to_fd, names.items[i]) < 0)
			return error_set_path(err, errno, "move", names.items[i]);
	return 0;
}

/* Existing files and links stay; directories that exist on both sides are merged. */
static int
merge(int from_fd, int to_fd, unsigned depth, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (depth > CACHE_DEPTH_LIMIT_COUNT)
		return error_set(err, ERROR_CONTENT, "too many folders in each other");
	if (dir_names(from_fd, CACHE_ENTRIES_LIMIT_COUNT, &names) < 0)
		return error_set_errno(err, errno, "cannot read a directory");
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		AUTO_CLOSE int deeper_from = -1;
		AUTO_CLOSE int deeper_to = -1;

		if (move_new(from_fd, to_fd, name) == 0)
			continue;
		if (errno != EEXIST && errno != ENOTEMPTY)
			return error_set_path(err, errno, "move", name);
		deeper_from = dir_open_at(from_fd, name);
		deeper_to = dir_open_at(to_fd, name);
		if (deeper_from >= 0 && deeper_to >= 0 &&
		    merge(deeper_from, deeper_to, depth + 1, err) < 0)
			return -1;
	}
	return 0;
}

static int
open_path(const struct placement *placement, struct error **err)
{
	int fd = open(placement->root->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		error_set_path(err, errno, "open directory", placement->root->directory);
	return fd;
}

/* The mount point itself cannot be replaced, but gets the mode and times. */
static void
take_over(int from_fd, int to_fd)
{
	struct stat info;
	struct timespec times[2];

	if (fstat(from_fd, &info) < 0)
		return;
	times[0] = info.st_atim;
	times[1] = info.st_mtim;
	(void)fchmod(to_fd, info.st_mode & 0777);
	(void)futimens(to_fd, times);
}

/* Moves existing entries to "old", which becomes the tree that the stage removes. */
static int
move_inside(const struct placement *placement, struct error **err)
{
	const struct stage *stage = &placement->stage;
	AUTO_CLOSE int path_fd = open_path(placement, err);
	AUTO_CLOSE int old_fd = -1;
	AUTO_CLOSE int moving_fd = -1;

	if (path_fd < 0)
		return -1;
	moving_fd = openat(stage->fd, MOVING, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (moving_fd < 0 || (mkdirat(stage->fd, "old", 0700) < 0 && errno != EEXIST))
		return error_set_path(err, errno, "prepare", stage->path);
	if (dir_sync(stage->fd, NULL, err) < 0)
		return -1;
	old_fd = dir_open_at(stage->fd, "old");
	if (old_fd < 0)
		return error_set_path(err, errno, "prepare", stage->path);
	if (move_all(path_fd, old_fd, placement->root->directory, err) < 0 ||
	    move_all(stage->tree_fd, path_fd, stage->path, err) < 0)
		return -1;
	take_over(stage->tree_fd, path_fd);
	if (renameat(stage->fd, "old", stage->fd, TREE) < 0 || unlinkat(stage->fd, MOVING, 0) < 0)
		return error_set_path(err, errno, "finish", stage->path);
	return 0;
}

int
placement_commit(struct placement *placement, enum placement_way way, struct error **err)
{
	struct stage *stage = &placement->stage;
	struct stat info;
	bool is_there = stat(placement->root->directory, &info) == 0;

	if (way == PLACEMENT_MERGE && is_there && !placement_is_free(placement->root)) {
		AUTO_CLOSE int path_fd = open_path(placement, err);

		return path_fd < 0 ? -1 : merge(placement->stage.tree_fd, path_fd, 0, err);
	}
	if (placement->is_inside)
		return move_inside(placement, err);
	if (way == PLACEMENT_REPLACE && is_there) {
		/* Moving a directory requires write permission for it: see stage_commit(). */
		if (rename_with(stage->fd, TREE, AT_FDCWD, stage->directory, RENAME_EXCHANGE) == 0)
			return 0;
		if (cannot_do(errno) && renameat(stage->fd, TREE, stage->fd, "new") == 0 &&
		    renameat(AT_FDCWD, stage->directory, stage->fd, TREE) == 0 &&
		    renameat(stage->fd, "new", AT_FDCWD, stage->directory) == 0)
			return 0;
		return error_set_path(err, errno, "replace", stage->directory);
	}
	return stage_commit(stage, err);
}

int
placement_remove(const struct cache_root *root, struct error **err)
{
	static const struct id_map map = { .kind = ID_MAP_HOST };
	AUTO_CLOSE int fd = open(root->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT
			       ? 0
			       : error_set_path(err, errno, "open directory", root->directory);
	return unpacker_empty(fd, &map, err);
}
