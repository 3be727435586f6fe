#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/helper/tree.h"

#define FILE_FLAGS (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

/* Where an entry goes. */
struct spot {
	int parent_fd;
	const char *name;
};

static int
look(const struct spot *spot, struct stat *ret_status)
{
	return fstatat(spot->parent_fd, spot->name, ret_status, AT_SYMLINK_NOFOLLOW);
}

/* Never written into, however it came: another name of it may be anywhere. */
static int
make_room(struct tree *tree, const struct spot *spot, const struct entry *entry, struct error **err)
{
	if (tree_remove(tree, spot->parent_fd, spot->name, false) < 0)
		return tree_fail(errno, "replace", entry->path, err);
	return 0;
}

static int
set_time(const struct spot *spot, const struct entry *entry, struct error **err)
{
	const struct timespec times[2] = { entry->modified, entry->modified };

	if (utimensat(spot->parent_fd, spot->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return tree_fail(errno, "set the time of", entry->path, err);
	return 0;
}

static int
add_file(struct tree *tree, const struct spot *spot, const struct entry *entry, int *ret_fd,
	 struct error **err)
{
	int fd = openat(spot->parent_fd, spot->name, FILE_FLAGS, 0600);

	if (fd < 0 && errno == EEXIST) {
		if (make_room(tree, spot, entry, err) < 0)
			return -1;
		fd = openat(spot->parent_fd, spot->name, FILE_FLAGS, 0600);
	}
	if (fd < 0)
		return tree_fail(errno, "create", entry->path, err);
	*ret_fd = fd;
	return 0;
}

/* *ret_opaque: a whiteout of this layer stood there, so lower content stays hidden. */
static int
ensure_directory(struct tree *tree, const struct spot *spot, const struct entry *entry,
		 bool *ret_opaque, struct error **err)
{
	struct stat status;

	if (mkdirat(spot->parent_fd, spot->name, 0700) == 0)
		return 0;
	if (errno != EEXIST || look(spot, &status) < 0)
		return tree_fail(errno, "make directory", entry->path, err);
	if (S_ISDIR(status.st_mode))
		return 0;
	*ret_opaque = tree_is_whiteout(tree, &status);
	if (tree_remove(tree, spot->parent_fd, spot->name, false) < 0 ||
	    mkdirat(spot->parent_fd, spot->name, 0700) < 0)
		return tree_fail(errno, "make directory", entry->path, err);
	return 0;
}

static int
dress_directory(struct tree *tree, int fd, const struct entry *entry, struct error **err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return tree_fail(errno, "look at", entry->path, err);
	inode_set_add(&tree->inode_set, status.st_ino, INODE_SET_NO_VALUE);
	/* One that has a fix was there before. */
	if (tree_find_fix(tree, status.st_ino) && tree_drop_xattrs(fd, entry, err) < 0)
		return -1;
	tree_plan_fix(tree, status.st_ino, entry);
	if (tree_set_owner(tree, fd, &status, entry, err) < 0)
		return -1;
	return tree_set_xattrs(tree, fd, entry, err);
}

int
tree_make_directory(struct tree *tree, int parent_fd, const char *name, const struct entry *entry,
		    struct error **err)
{
	const struct spot spot = { parent_fd, name };
	AUTO_CLOSE int fd = -1;
	bool opaque = false;

	if (ensure_directory(tree, &spot, entry, &opaque, err) < 0)
		return -1;
	fd = dir_open_at(parent_fd, name);
	if (fd < 0)
		return tree_fail(errno, "open directory", entry->path, err);
	if (opaque && tree_set_opaque(fd, entry->path, err) < 0)
		return -1;
	return dress_directory(tree, fd, entry, err);
}

/* By its name: a descriptor of it cannot be had. */
static int
dress_node(struct tree *tree, const struct spot *spot, const struct entry *entry,
	   struct error **err)
{
	struct stat status;

	if (look(spot, &status) < 0)
		return tree_fail(errno, "look at", entry->path, err);
	inode_set_add(&tree->inode_set, status.st_ino, INODE_SET_NO_VALUE);
	if (tree_set_owner_at(tree, spot->parent_fd, spot->name, &status, entry, err) < 0)
		return -1;
	return set_time(spot, entry, err);
}

static int
add_symbolic_link(struct tree *tree, const struct spot *spot, const struct entry *entry,
		  struct error **err)
{
	if (make_room(tree, spot, entry, err) < 0)
		return -1;
	if (symlinkat(entry->link, spot->parent_fd, spot->name) < 0)
		return tree_fail(errno, "create", entry->path, err);
	return dress_node(tree, spot, entry, err);
}

static int
add_node(struct tree *tree, const struct spot *spot, const struct entry *entry, struct error **err)
{
	if (make_room(tree, spot, entry, err) < 0)
		return -1;
	if (mknodat(spot->parent_fd, spot->name, entry->format | (entry->mode & 0777),
		    entry->device) < 0)
		return tree_fail(errno, "create", entry->path, err);
	return dress_node(tree, spot, entry, err);
}

static int
refuse_link(const struct entry *entry, const char *why, struct error **err)
{
	return error_set(err, ERROR_CONTENT, "'%s' is a link to '%s', %s", QUOTED(entry->path),
			 QUOTED(entry->link), why);
}

/* Its target may be of a lower layer, which an overlay layer alone does not have. */
static int
find_target(struct tree *tree, const struct entry *entry, int *ret_fd, const char **ret_name,
	    struct stat *ret_status, struct error **err)
{
	const char *slash = strrchr(entry->link, '/');
	AUTO_FREE char *parent = xstrndup(entry->link, slash ? (size_t)(slash - entry->link) : 0);

	*ret_name = slash ? slash + 1 : entry->link;
	*ret_fd = beneath_open(&tree->beneath, parent, NULL);
	if (*ret_fd >= 0 && **ret_name &&
	    fstatat(*ret_fd, *ret_name, ret_status, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISDIR(ret_status->st_mode) ? refuse_link(entry, "a directory", err) : 0;
	refuse_link(entry, "which is not there", err);
	return tree->overlay ? error_set_class(err, "needs_flat") : -1;
}

static int
add_hard_link(struct tree *tree, const struct spot *spot, const struct entry *entry,
	      struct error **err)
{
	AUTO_CLOSE int target_fd = -1;
	const char *target_name;
	struct stat target;
	struct stat there;

	if (find_target(tree, entry, &target_fd, &target_name, &target, err) < 0)
		return -1;
	/* Of itself, by whatever name: nothing is to be removed. */
	if (look(spot, &there) == 0 && there.st_ino == target.st_ino)
		return 0;
	if (make_room(tree, spot, entry, err) < 0)
		return -1;
	if (linkat(target_fd, target_name, spot->parent_fd, spot->name, 0) < 0)
		return tree_fail(errno, "link", entry->path, err);
	if (!inode_set_has(&tree->inode_set, target.st_ino) &&
	    tree_keep_link(tree, spot->parent_fd, spot->name) < 0)
		return tree_fail(errno, "look at", entry->path, err);
	return 0;
}

static int
add_root(struct tree *tree, const struct entry *entry, struct error **err)
{
	if (entry->type == ENTRY_DIRECTORY)
		return dress_directory(tree, tree->beneath.root_fd, entry, err);
	return error_set(err, ERROR_CONTENT, "the root of the tree is no directory but a link '%s'",
			 QUOTED(entry->link ? entry->link : ""));
}

static int
skip(struct tree *tree)
{
	tree->counts.skipped_devices++;
	return 0;
}

static int
add_at(struct tree *tree, const struct spot *spot, const struct entry *entry, int *ret_fd,
       struct error **err)
{
	switch (entry->type) {
	case ENTRY_FILE:
		return add_file(tree, spot, entry, ret_fd, err);
	case ENTRY_DIRECTORY:
		return tree_make_directory(tree, spot->parent_fd, spot->name, entry, err);
	case ENTRY_SYMBOLIC_LINK:
		return add_symbolic_link(tree, spot, entry, err);
	case ENTRY_HARD_LINK:
		return add_hard_link(tree, spot, entry, err);
	case ENTRY_FIFO:
		return add_node(tree, spot, entry, err);
	case ENTRY_DEVICE:
		return tree->devices && !tree->overlay ? add_node(tree, spot, entry, err)
						       : skip(tree);
	case ENTRY_OTHER:
		break;
	}
	return skip(tree);
}

int
tree_add(struct tree *tree, const struct entry *entry, int *ret_fd, struct error **err)
{
	struct spot spot;

	*ret_fd = -1;
	if (!*entry->path)
		return add_root(tree, entry, err);
	if (tree_parent(tree, entry->path, &spot.parent_fd, &spot.name, err) < 0)
		return -1;
	return add_at(tree, &spot, entry, ret_fd, err);
}
