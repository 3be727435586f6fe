/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/upper_snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "run/root/in_root.h"
#include "run/root/root.h"

enum fate { FATE_CHANGED, FATE_SAME, FATE_GONE };

struct upper_snapshot_item {
	char *path;
	ino_t inode;
	struct timespec changed;
	enum fate fate;
};

static int
fail(int errnum, const char *doing, const char *path, struct error **err)
{
	return error_set_errno(err, errnum, "cannot %s '%s' of the job's root", doing,
			       QUOTED(path));
}

static const char *
name_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* Opens the parent directory.  Links that the job has put in the way are not followed. */
static bool
find_folder(int upper_fd, const char *path, struct in_root *ret_folder)
{
	AUTO_FREE char *folder = xstrndup(path, (size_t)(name_of(path) - 1 - path));
	AUTO_ERROR struct error *unfound = NULL;
	bool found = false;

	return in_root_find(upper_fd, folder, ret_folder, &found, &unfound) == 0 && found &&
	       strcmp(ret_folder->path, *folder ? folder : "/") == 0;
}

static void
add(struct upper_snapshot *snapshot, const char *path, const struct stat *status)
{
	snapshot->items = xgrow(snapshot->items, snapshot->count, sizeof(*snapshot->items));
	snapshot->items[snapshot->count++] = (struct upper_snapshot_item){
		.path = xstrdup(path),
		.inode = status->st_ino,
		.changed = status->st_ctim,
	};
}

static int note_folder(struct upper_snapshot *snapshot, int fd, const char *path, unsigned depth,
		       struct error **err);

static int
note_entry(struct upper_snapshot *snapshot, int folder_fd, const char *path, unsigned depth,
	   struct error **err)
{
	AUTO_CLOSE int fd = -1;
	struct stat status;

	if (fstatat(folder_fd, name_of(path), &status, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(errno, "look at", path, err);
	add(snapshot, path, &status);
	if (!S_ISDIR(status.st_mode))
		return 0;
	fd = dir_open_at(folder_fd, name_of(path));
	return fd < 0 ? fail(errno, "open", path, err)
		      : note_folder(snapshot, fd, path, depth + 1, err);
}

static int
note_folder(struct upper_snapshot *snapshot, int fd, const char *path, unsigned depth,
	    struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (depth > PACK_LIMIT_DEPTH)
		return fail(ELOOP, "list", path, err);
	if (dir_names(fd, PACK_NAMES_LIMIT_COUNT, &names) < 0)
		return fail(errno, "list", path, err);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *inner = xasprintf("%s/%s", path, names.items[i]);

		if (note_entry(snapshot, fd, inner, depth, err) < 0)
			return -1;
	}
	return 0;
}

static int
longer_first(const void *a, const void *b)
{
	size_t a_size = strlen(((const struct upper_snapshot_item *)a)->path);
	size_t b_size = strlen(((const struct upper_snapshot_item *)b)->path);

	return (a_size < b_size) - (a_size > b_size);
}

int
upper_snapshot_note(const struct root *root, const struct strings *made,
		    struct upper_snapshot *ret_snapshot, struct error **err)
{
	AUTO_CLOSE int upper_fd = dir_open_at(root->fd, "upper");

	if (upper_fd < 0)
		return fail(errno, "open", "/", err);
	ret_snapshot->is_whole = root->is_flat;
	if (root->is_flat && note_folder(ret_snapshot, upper_fd, "", 0, err) < 0)
		return -1;
	for (size_t i = 0; !root->is_flat && i < made->count; i++) {
		/* A directory that is above several entries is noted as often. */
		AUTO_FREE char *path = xstrdup(made->items[i]);

		for (; *path; *strrchr(path, '/') = '\0') {
			AUTO_IN_ROOT struct in_root folder = IN_ROOT_INIT;
			struct stat status;

			if (find_folder(upper_fd, path, &folder) &&
			    fstatat(folder.fd, name_of(path), &status, AT_SYMLINK_NOFOLLOW) == 0)
				add(ret_snapshot, path, &status);
		}
	}
	if (ret_snapshot->count > 0)
		qsort(ret_snapshot->items, ret_snapshot->count, sizeof(*ret_snapshot->items),
		      longer_first);
	return 0;
}

static enum fate
judge(int upper_fd, const struct upper_snapshot_item *item)
{
	AUTO_IN_ROOT struct in_root folder = IN_ROOT_INIT;
	struct stat status;

	if (!find_folder(upper_fd, item->path, &folder))
		return FATE_CHANGED;
	if (fstatat(folder.fd, name_of(item->path), &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? FATE_GONE : FATE_CHANGED;
	return status.st_ino == item->inode && status.st_ctim.tv_sec == item->changed.tv_sec &&
			       status.st_ctim.tv_nsec == item->changed.tv_nsec
		       ? FATE_SAME
		       : FATE_CHANGED;
}

static int
settle(const struct upper_snapshot *snapshot, const struct root *root, int upper_fd,
       const struct upper_snapshot_item *item, struct error **err)
{
	AUTO_IN_ROOT struct in_root folder = IN_ROOT_INIT;

	if (item->fate == FATE_CHANGED || !find_folder(upper_fd, item->path, &folder))
		return 0;
	if (item->fate == FATE_SAME) {
		/* A directory with something else in it stays. */
		const char *name = name_of(item->path);

		if (unlinkat(folder.fd, name, 0) < 0)
			(void)unlinkat(folder.fd, name, AT_REMOVEDIR);
	} else if (snapshot->is_whole &&
		   linkat(root->fd, UNTOUCHED_WHITEOUT, folder.fd, name_of(item->path), 0) < 0)
		return fail(errno, "note the removal of", item->path, err);
	return 0;
}

/* All are checked before the first is removed, because a removal changes the parent directory. */
int
upper_snapshot_remove(const struct root *root, struct upper_snapshot *snapshot, struct error **err)
{
	AUTO_CLOSE int upper_fd = dir_open_at(root->fd, "upper");

	if (upper_fd < 0)
		return fail(errno, "open", "/", err);
	/* A mount point cannot be removed. */
	if (snapshot->is_whole) {
		AUTO_FREE char *mounted = xasprintf("%s/root", root->path);

		if (umount2(mounted, MNT_DETACH) < 0)
			return error_set_path(err, errno, "unmount", mounted);
		if (root_write(root, UNTOUCHED_WHITEOUT, "", err) < 0)
			return -1;
	}
	for (size_t i = 0; i < snapshot->count; i++)
		snapshot->items[i].fate = judge(upper_fd, &snapshot->items[i]);
	for (size_t i = 0; i < snapshot->count; i++)
		if (settle(snapshot, root, upper_fd, &snapshot->items[i], err) < 0)
			return -1;
	return 0;
}

void
upper_snapshot_release(struct upper_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++)
		free(snapshot->items[i].path);
	free(snapshot->items);
	*snapshot = (struct upper_snapshot){ 0 };
}
