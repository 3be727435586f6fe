/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/leftovers.h"
#include "base/path.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/unpacker.h"
#include "store/lock.h"

#define TREE "fs"
#define RECORD "owners"

/* The kernel releases the lock of a killed process once it has closed its files. */
enum { LOCK_WAIT_MS = 2000, LOCK_STEP_MS = 50 };

/* Root could open and lock another user's directory, and that user could exchange the tree in it.
 */
static int
check_owner(const struct stage *stage, struct error **err)
{
	struct stat status;

	if (fstat(stage->fd, &status) < 0)
		return error_set_path(err, errno, "look at", stage->path);
	if (status.st_uid == geteuid())
		return 0;
	error_set(err, ERROR_LOCAL, "cannot use '%s': it belongs to another user, uid %u",
		  QUOTED(stage->path), (unsigned)status.st_uid);
	return error_set_hint(err, "remove it, or name another directory");
}

static int
lock(struct stage *stage, struct error **err)
{
	int errnum;

	if (mkdir(stage->path, 0700) < 0 && errno != EEXIST)
		return error_set_path(err, errno, "make directory", stage->path);
	stage->fd = dir_open_at(AT_FDCWD, stage->path);
	if (stage->fd < 0)
		return error_set_path(err, errno, "open directory", stage->path);
	if (check_owner(stage, err) < 0) {
		close_at(&stage->fd);
		stage->fd = -1;
		return -1;
	}
	errnum = lock_fd_try(stage->fd, LOCK_EXCLUSIVE);
	for (int waited_ms = 0; errnum == EWOULDBLOCK && waited_ms < LOCK_WAIT_MS;
	     waited_ms += LOCK_STEP_MS) {
		(void)poll(NULL, 0, LOCK_STEP_MS);
		errnum = lock_fd_try(stage->fd, LOCK_EXCLUSIVE);
	}
	if (errnum == 0)
		return fchmod(stage->fd, 0700) < 0
			       ? error_set_path(err, errno, "take directory", stage->path)
			       : 0;
	close_at(&stage->fd);
	stage->fd = -1;
	error_set_path(err, errnum, "lock", stage->path);
	if (errnum != EWOULDBLOCK)
		return -1;
	error_set_kind(err, ERROR_LOCAL);
	return error_set_hint(err, "another ocifp is unpacking to the same directory");
}

/* A helper empties the tree, because its files may have ids that we cannot access. */
static int
empty(const struct stage *stage, struct error **err)
{
	AUTO_CLOSE int tree_fd = -1;

	/* Its mode may deny us access; no other user can enter the stage. */
	if (fchmodat(stage->fd, TREE, 0700, 0) < 0 && errno != ENOENT && errno != EPERM)
		return error_set_path(err, errno, "empty directory", stage->path);
	tree_fd = dir_open_at(stage->fd, TREE);
	if (tree_fd >= 0 && unpacker_empty(tree_fd, &stage->map, err) < 0)
		return -1;
	if ((unlinkat(stage->fd, TREE, AT_REMOVEDIR) < 0 && errno != ENOENT) ||
	    (unlinkat(stage->fd, RECORD, 0) < 0 && errno != ENOENT))
		return error_set_path(err, errno, "empty directory", stage->path);
	return 0;
}

int
stage_open(const char *directory, const struct id_map *map, struct stage *ret_stage,
	   struct error **err)
{
	AUTO_STAGE struct stage stage = STAGE_INIT;
	size_t size;
	const char *name;

	stage.map = *map;
	/* "a/b" -> "a/.b.ocifp"; a path without a last name is refused. */
	size = strlen(directory);
	while (size > 1 && directory[size - 1] == '/')
		size--;
	stage.directory = xstrndup(directory, size);
	name = path_name(stage.directory);
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		error_set(err, ERROR_USAGE, "invalid directory name '%s'", QUOTED(directory));
		return -1;
	}
	stage.path =
		xasprintf("%.*s.%s.ocifp", (int)(name - stage.directory), stage.directory, name);
	leftovers_hold();
	stage.is_held = true;
	if (lock(&stage, err) < 0 || empty(&stage, err) < 0)
		return -1;
	if (mkdirat(stage.fd, TREE, 0700) < 0)
		return error_set_path(err, errno, "make a directory in", stage.path);
	stage.tree_fd = dir_open_at(stage.fd, TREE);
	if (stage.map.kind == ID_MAP_OWN)
		stage.record_fd =
			openat(stage.fd, RECORD, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (stage.tree_fd < 0 || (stage.map.kind == ID_MAP_OWN && stage.record_fd < 0))
		return error_set_path(err, errno, "make files in", stage.path);
	*ret_stage = stage;
	stage = STAGE_INIT;
	return 0;
}

/* Publishes the record first, so that a tree without one never seems to need none. */
static int
commit_record(const struct stage *stage, const char *path, struct error **err)
{
	struct stat status;

	if (stage->record_fd < 0 || fstat(stage->record_fd, &status) < 0 || status.st_size == 0)
		return 0;
	if (renameat(stage->fd, RECORD, AT_FDCWD, path) < 0)
		return error_set_path(err, errno, "create", path);
	return 0;
}

/* Without root, a directory that its owner may not write to cannot be moved: it gets its mode
 * afterwards. */
static int
move_tree(const struct stage *stage)
{
	struct stat status;
	bool is_open;

	if (fstat(stage->tree_fd, &status) < 0)
		return -1;
	is_open = (status.st_mode & S_IWUSR) != 0;
	if (!is_open && fchmod(stage->tree_fd, (status.st_mode & 07777) | S_IWUSR) < 0)
		return -1;
	if (renameat(stage->fd, TREE, AT_FDCWD, stage->directory) < 0)
		return -1;
	return is_open ? 0 : fchmod(stage->tree_fd, status.st_mode & 07777);
}

int
stage_commit(struct stage *stage, struct error **err)
{
	AUTO_FREE char *record_path = xasprintf("%s.owners", stage->directory);

	if (commit_record(stage, record_path, err) < 0)
		return -1;
	if (move_tree(stage) == 0)
		return 0;
	error_set_path(err, errno, "move the tree to", stage->directory);
	(void)renameat(AT_FDCWD, record_path, stage->fd, RECORD);
	return -1;
}

void
stage_release(struct stage *stage)
{
	AUTO_ERROR struct error *ignored = NULL;

	close_at(&stage->tree_fd);
	if (stage->fd >= 0) {
		if (empty(stage, &ignored) == 0)
			(void)rmdir(stage->path);
	}
	close_at(&stage->record_fd);
	close_at(&stage->fd);
	free(stage->path);
	free(stage->directory);
	if (stage->is_held)
		leftovers_let_go();
	*stage = STAGE_INIT;
}
