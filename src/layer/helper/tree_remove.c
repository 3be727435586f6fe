#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
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

/* Once a layer: a whiteout that comes again and again must not look at all there is each time. */
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
	inode_set_add(&tree->cleared, status.st_ino, INODE_SET_NO_VALUE);
	return 0;
}

/* One that holds what this layer made stays, whether it has an entry itself or not. */
static int
remove_directory(struct tree *tree, int parent_fd, const char *name, bool keep_made, unsigned depth)
{
	AUTO_CLOSE int fd = dir_open_at(parent_fd, name);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	if (prune_children(tree, fd, keep_made, depth) < 0)
		return -1;
	if (keep_made && inode_set_has(&tree->inode_set, status.st_ino))
		return 0;
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0)
		return keep_made && (errno == ENOTEMPTY || errno == EEXIST) ? 0 : -1;
	tree_drop_fix(tree, status.st_ino);
	return 0;
}

/* splitmix64's: every bit of the input changes half of the output. */
static uint64_t
mix(uint64_t value)
{
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

/* For `links`, the name in its directory in place of an inode: the other names of a lower file that
 * this layer links to are still the lower layer's.  Inodes of directories made one after the other
 * differ in a few bits, as do short names, hence mix(): no two pairs may have one key. */
static bool
link_key(int parent_fd, const char *name, uint64_t *ret_key)
{
	struct stat parent;

	if (fstat(parent_fd, &parent) < 0)
		return false;
	*ret_key = mix(parent.st_ino);
	for (; *name; name++)
		*ret_key = mix(*ret_key + (uint8_t)*name + 1);
	*ret_key |= 1; /* 0 stands for an empty slot */
	return true;
}

int
tree_keep_link(struct tree *tree, int parent_fd, const char *name)
{
	uint64_t key;

	if (!link_key(parent_fd, name, &key))
		return -1;
	inode_set_add(&tree->links, key, INODE_SET_NO_VALUE);
	return 0;
}

static bool
is_kept(const struct tree *tree, int parent_fd, const char *name, const struct stat *status)
{
	uint64_t key;

	if (inode_set_has(&tree->inode_set, status->st_ino))
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
	return unlinkat(parent_fd, name, 0);
}

int
tree_remove(struct tree *tree, int parent_fd, const char *name, bool keep_made)
{
	return remove_one(tree, parent_fd, name, keep_made, 0);
}

int
tree_remove_children(struct tree *tree, int fd, bool keep_made)
{
	return prune_children(tree, fd, keep_made, 0);
}
