/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/helper/tree.h"
#include "layer/xattrs.h"

/* A directory on the path from the root to the current one. */
struct level {
	uint64_t inode;
	struct strings names; /* of directories */
	size_t next;          /* index in names */
	size_t path_size;
	bool is_opaque; /* it or one above it */
};

/* Walks the final tree instead of the layers' paths, which may lead through removed links.  Only
 * one descriptor is open at any depth. */
struct walk {
	struct tree *tree;
	int fd;
	struct buf path;
	struct level *levels;
	size_t count;
	size_t finished_count;
};

static struct level *
last_level(const struct walk *walk)
{
	return &walk->levels[walk->count - 1];
}

static void
drop_level(struct walk *walk)
{
	strings_release(&last_level(walk)->names);
	walk->count--;
}

static void
walk_release(struct walk *walk)
{
	close_at(&walk->fd);
	while (walk->count > 0)
		drop_level(walk);
	free(walk->levels);
	buf_release(&walk->path);
}

static const char *
path_of(const struct walk *walk)
{
	return walk->path.data ? walk->path.data : "";
}

static int
fail(const struct walk *walk, const char *doing, struct error **err)
{
	return tree_fail(errno, doing, path_of(walk), err);
}

static int
was_changed(const struct walk *walk, struct error **err)
{
	return error_set(err, ERROR_LOCAL,
			 "cannot finish directory '%s': a directory was moved, or its inode number "
			 "changed, during the unpacking",
			 QUOTED(walk->path.size > 0 ? path_of(walk) : "/"));
}

static void
cut_path(struct walk *walk, size_t size)
{
	walk->path.size = size;
	if (walk->path.data)
		walk->path.data[size] = '\0';
}

static int
add_name(struct walk *walk, const char *name, struct error **err)
{
	if (walk->path.size > 0 && buf_append(&walk->path, "/", 1, err) < 0)
		return -1;
	return buf_append_text(&walk->path, name, err);
}

/* In a directory of only one layer, overlayfs shows a whiteout as a broken name.  In an opaque
 * directory it hides nothing and is removed; other whiteouts go into the record. */
static int
finish_whiteout(struct walk *walk, const char *name, struct error **err)
{
	if (!last_level(walk)->is_opaque)
		return tree_record_whiteout(&walk->tree->record, path_of(walk), err);
	return unlinkat(walk->fd, name, 0) < 0 ? fail(walk, "remove", err) : 0;
}

static int
record_owner(struct walk *walk, uint64_t inode, struct error **err)
{
	const struct tree_owner *owner = tree_find_owner(walk->tree, inode);

	return owner ? tree_record_owner(&walk->tree->record, owner->uid, owner->gid, path_of(walk),
					 err)
		     : 0;
}

/* Directories are visited later. */
static int
visit_by_status(struct walk *walk, const char *name, struct error **err)
{
	struct stat status;

	if (fstatat(walk->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(walk, "stat", err);
	if (S_ISDIR(status.st_mode))
		strings_add(&last_level(walk)->names, name);
	else if (tree_is_whiteout(walk->tree, &status))
		return finish_whiteout(walk, name, err);
	else
		return record_owner(walk, status.st_ino, err);
	return 0;
}

/* Most files need no stat(2): their type is known, and no owner has to be recorded. */
static int
visit(struct walk *walk, const struct dirent *entry, struct error **err)
{
	bool may_be_whiteout = walk->tree->overlay && entry->d_type == DT_CHR;
	size_t path_size = walk->path.size;
	int ret;

	if (entry->d_type == DT_DIR) {
		strings_add(&last_level(walk)->names, entry->d_name);
		return 0;
	}
	if (entry->d_type != DT_UNKNOWN && !may_be_whiteout && walk->tree->owner_count == 0)
		return 0;
	if (add_name(walk, entry->d_name, err) < 0)
		return -1;
	ret = visit_by_status(walk, entry->d_name, err);
	cut_path(walk, path_size);
	return ret;
}

static int
visit_all(struct walk *walk, DIR *dir, struct error **err)
{
	for (;;) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(dir); /* NOLINT(concurrency-mt-unsafe): `dir` is ours alone */
		if (!entry)
			return errno ? fail(walk, "read directory", err) : 0;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    visit(walk, entry, err) < 0)
			return -1;
	}
}

/* Files are finished here: only the names of directories are kept. */
static int
visit_entries(struct walk *walk, struct error **err)
{
	AUTO_CLOSE int fd = dir_open_at(walk->fd, ".");
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	int ret;

	if (!dir)
		return fail(walk, "open directory", err);
	(void)TAKE_FD(fd);
	ret = visit_all(walk, dir, err);
	(void)closedir(dir);
	return ret;
}

/* Takes the descriptor; walk->path is its path. */
static int
enter(struct walk *walk, int fd, struct error **err)
{
	struct tree *tree = walk->tree;
	bool is_below_opaque = walk->count > 0 && last_level(walk)->is_opaque;
	struct level *level;
	struct stat status;

	close_at(&walk->fd);
	walk->fd = fd;
	walk->levels = xgrow(walk->levels, walk->count, sizeof(*walk->levels));
	level = &walk->levels[walk->count++];
	*level = (struct level){ .path_size = walk->path.size };
	if (fd < 0 || fstat(fd, &status) < 0)
		return fail(walk, "open directory", err);
	level->inode = status.st_ino;
	level->is_opaque = is_below_opaque || (tree->overlay && xattrs_say_opaque(fd));
	return visit_entries(walk, err);
}

static int
finish_directory(struct walk *walk, struct error **err)
{
	const struct tree_fix *fix = tree_find_fix(walk->tree, last_level(walk)->inode);
	struct timespec times[2];

	if (!fix)
		return was_changed(walk, err);
	/* An overlay would replace the metadata of a lower directory: the program checks that. */
	if (walk->tree->overlay && fix->is_implied &&
	    tree_record_implied(&walk->tree->record, path_of(walk), err) < 0)
		return -1;
	times[0] = times[1] = fix->modified;
	if (fchmod(walk->fd, fix->mode) < 0 || futimens(walk->fd, times) < 0)
		return fail(walk, "finish directory", err);
	walk->finished_count++;
	return record_owner(walk, last_level(walk)->inode, err);
}

static int
step(struct walk *walk, struct error **err)
{
	struct level *level = last_level(walk);
	const char *name;

	cut_path(walk, level->path_size);
	if (level->next == level->names.count) {
		AUTO_CLOSE int above_fd = walk->count > 1 ? dir_open_at(walk->fd, "..") : -1;
		struct stat status;

		/* ".." of a directory that was moved meanwhile is another one.  It is opened before
		 * the final mode may deny that. */
		if (walk->count > 1 && (above_fd < 0 || fstat(above_fd, &status) < 0 ||
					status.st_ino != walk->levels[walk->count - 2].inode))
			return was_changed(walk, err);
		if (finish_directory(walk, err) < 0)
			return -1;
		close_at(&walk->fd);
		walk->fd = TAKE_FD(above_fd);
		drop_level(walk);
		return 0;
	}
	name = level->names.items[level->next++];
	return add_name(walk, name, err) < 0 ? -1 : enter(walk, dir_open_at(walk->fd, name), err);
}

int
tree_finish(struct tree *tree, struct error **err)
{
	CLEANUP(walk_release)
	struct walk walk = {
		.tree = tree,
		.fd = -1,
		.path = BUF_INIT(TREE_PATH_LIMIT_BYTES),
	};

	tree_forget_parent(tree);
	if (tree_imply_root(tree, err) < 0 ||
	    enter(&walk, dir_open_at(tree->beneath.root_fd, "."), err) < 0)
		return -1;
	while (walk.count > 0)
		if (step(&walk, err) < 0)
			return -1;
	/* A directory was moved away, or the file system changed its inode number. */
	if (walk.finished_count < tree->live_fix_count)
		return was_changed(&walk, err);
	return tree_record_flush(&tree->record, err);
}
