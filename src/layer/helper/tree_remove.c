/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/helper/tree.h"

static int remove_one(struct tree *tree, int parent_fd, const char *name, bool keep_made,
		      unsigned depth);

static int
remove_all(struct tree *tree, int fd, bool keep_made, unsigned depth)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (depth == TREE_DEPTH_LIMIT_COUNT) {
		errno = ELOOP;
		return -1;
	}
	if (dir_names(fd, SIZE_MAX, &names) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (remove_one(tree, fd, names.items[i], keep_made, depth + 1) < 0)
			return -1;
	return 0;
}

/* Once a layer: a repeated whiteout must not scan the whole directory again. */
static int
prune_children(struct tree *tree, int fd, bool keep_made, unsigned depth)
{
	struct stat status;

	if (!keep_made)
		return remove_all(tree, fd, false, depth);
	if (fstat(fd, &status) < 0)
		return -1;
	if (inode_set_has(&tree->cleared, status.st_ino))
		return 0;
	if (remove_all(tree, fd, true, depth) < 0)
		return -1;
	inode_set_add(&tree->cleared, status.st_ino);
	return 0;
}

/* tree_parent() may have come to its directory through it, for example by a link to ".".  That
 * descriptor is still in use. */
static int
unlink_step(struct tree *tree, int parent_fd, const char *name, int flags)
{
	free(TAKE_PTR(tree->parent_path));
	return unlinkat(parent_fd, name, flags);
}

/* A directory with files of this layer stays, with or without an entry of its own. */
static int
remove_directory(struct tree *tree, int parent_fd, const char *name, bool keep_made, unsigned depth)
{
	AUTO_CLOSE int fd = dir_open_at(parent_fd, name);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	if (prune_children(tree, fd, keep_made, depth) < 0)
		return -1;
	if (keep_made && inode_set_has(&tree->created, status.st_ino))
		return 0;
	if (unlink_step(tree, parent_fd, name, AT_REMOVEDIR) < 0)
		return keep_made && (errno == ENOTEMPTY || errno == EEXIST) ? 0 : -1;
	tree_drop_fix(tree, status.st_ino);
	return 0;
}

/* The finalizer of splitmix64: each input bit changes half of the output bits. */
static uint64_t
mix(uint64_t value)
{
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

/* The key for `links`: a directory and a name instead of an inode, because the other names of a
 * linked lower file still belong to the lower layer.  Inodes and short names differ in a few bits
 * only, so mix() spreads them. */
static bool
link_key(int parent_fd, const char *name, uint64_t *ret_key)
{
	struct stat parent;

	if (fstat(parent_fd, &parent) < 0)
		return false;
	*ret_key = mix(parent.st_ino);
	for (; *name; name++)
		*ret_key = mix(*ret_key + (uint8_t)*name + 1);
	*ret_key |= 1; /* 0 is an empty slot */
	return true;
}

int
tree_keep_link(struct tree *tree, int parent_fd, const char *name)
{
	uint64_t key;

	if (!link_key(parent_fd, name, &key))
		return -1;
	inode_set_add(&tree->links, key);
	return 0;
}

static bool
is_kept(const struct tree *tree, int parent_fd, const char *name, const struct stat *status)
{
	uint64_t key;

	if (inode_set_has(&tree->created, status->st_ino))
		return true;
	return tree->links.count > 0 && link_key(parent_fd, name, &key) &&
	       inode_set_has(&tree->links, key);
}

static int
remove_one(struct tree *tree, int parent_fd, const char *name, bool keep_made, unsigned depth)
{
	struct stat status;

	if (fstatat(parent_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	if (S_ISDIR(status.st_mode))
		return remove_directory(tree, parent_fd, name, keep_made, depth);
	if (keep_made && is_kept(tree, parent_fd, name, &status))
		return 0;
	return S_ISLNK(status.st_mode) ? unlink_step(tree, parent_fd, name, 0)
				       : unlinkat(parent_fd, name, 0);
}

int
tree_remove(struct tree *tree, int parent_fd, const char *name, bool keep_made)
{
	return remove_one(tree, parent_fd, name, keep_made, 0);
}

static const char prefix[] = ".wh.";
static const char opaque_name[] = ".wh..wh..opq";

bool
entry_is_whiteout(const struct entry *entry)
{
	return text_starts(path_name(entry->path), prefix);
}

static int
hide_one(struct tree *tree, const struct entry *entry, int parent_fd, const char *name,
	 struct error **err)
{
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(err, ERROR_CONTENT,
				 "invalid whiteout '%s': expected the name of a file",
				 QUOTED(entry->path));
	/* Old layers contain names that AUFS uses internally; ignore them. */
	if (text_starts(name, prefix))
		return 0;
	if (tree->overlay) {
		if (mknodat(parent_fd, name, S_IFCHR, 0) == 0)
			return 0;
		if (errno == EEXIST) {
			AUTO_CLOSE int fd = dir_open_at(parent_fd, name);

			/* A directory of this layer stays, and hides the lower content. */
			return fd < 0 ? 0 : tree_set_opaque(fd, entry->path, err);
		}
		if (errno != EPERM)
			return tree_fail(errno, "create whiteout", entry->path, err);
		tree_fail(errno, "create whiteout", entry->path, err);
		return error_set_class(err, CLASS_NEEDS_FLAT);
	}
	if (tree_remove(tree, parent_fd, name, true) < 0)
		return tree_fail(errno, "remove", entry->path, err);
	return 0;
}

/* False: there is nothing to hide.  For an overlay a missing directory may be in a lower layer. */
static bool
has_parent(struct tree *tree, const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *parent = xstrndup(path, slash ? (size_t)(slash - path) : 0);
	AUTO_CLOSE int fd = beneath_open(&tree->beneath, parent, NULL);

	if (fd >= 0)
		return true;
	return errno != ENOTDIR && (errno != ENOENT || tree->overlay);
}

int
tree_whiteout(struct tree *tree, const struct entry *entry, struct error **err)
{
	const char *name;
	int parent_fd;

	if (!has_parent(tree, entry->path))
		return 0;
	if (tree_parent(tree, entry->path, &parent_fd, &name, err) < 0)
		return -1;
	if (strcmp(name, opaque_name) == 0) {
		if (tree->overlay)
			return tree_set_opaque(parent_fd, entry->path, err);
		if (prune_children(tree, parent_fd, true, 0) < 0)
			return tree_fail(errno, "empty", entry->path, err);
		return 0;
	}
	return hide_one(tree, entry, parent_fd, name + strlen(prefix), err);
}
