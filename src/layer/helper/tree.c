#include "layer/helper/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"

#define IMPLIED_MODE 0755

void
tree_init(struct tree *tree, int root_fd, int record_fd)
{
	*tree = (struct tree){ .beneath.root_fd = root_fd, .parent_fd = -1 };
	tree_record_init(&tree->record, record_fd);
}

void
tree_forget_parent(struct tree *tree)
{
	close_at(&tree->parent_fd);
	tree->parent_fd = -1;
	free(tree->parent_path);
	tree->parent_path = NULL;
}

void
tree_release(struct tree *tree)
{
	tree_forget_parent(tree);
	inode_set_release(&tree->inode_set);
	inode_set_release(&tree->links);
	inode_set_release(&tree->cleared);
	inode_set_release(&tree->fix_slots);
	free(tree->fixes);
	inode_set_release(&tree->owner_slots);
	free(tree->owners);
	tree_record_release(&tree->record);
	*tree = (struct tree){ .parent_fd = -1 };
}

void
tree_begin_layer(struct tree *tree)
{
	inode_set_release(&tree->inode_set);
	inode_set_release(&tree->links);
	inode_set_release(&tree->cleared);
}

static bool
blames_path(int errnum)
{
	return errnum == ELOOP || errnum == ENOTDIR || errnum == ENAMETOOLONG || errnum == EISDIR ||
	       errnum == EMLINK;
}

int
tree_fail(int errnum, const char *doing, const char *path, struct error **err)
{
	if (blames_path(errnum)) {
		errno = errnum;
		return error_set(err, ERROR_CONTENT, "cannot %s '%s': %m", doing,
				 QUOTED(*path ? path : "/"));
	}
	return error_set_errno(err, errnum, "cannot %s '%s'", doing, QUOTED(*path ? path : "/"));
}

bool
tree_is_whiteout(const struct tree *tree, const struct stat *status)
{
	return tree->overlay && S_ISCHR(status->st_mode) && status->st_rdev == 0;
}

/* A parent that the layer has no entry for, or not yet. */
struct implied {
	struct tree *tree;
	struct error *failure;
};

static int
make_implied(void *context, int parent_fd, const char *name, const char *path)
{
	struct implied *implied = context;
	struct tree *tree = implied->tree;
	const struct entry entry = {
		.type = ENTRY_DIRECTORY,
		.path = (char *)(uintptr_t)path,
		.mode = IMPLIED_MODE,
	};
	struct stat status;
	int found = fstatat(parent_fd, name, &status, AT_SYMLINK_NOFOLLOW);
	int ret;

	if (found == 0 && !tree_is_whiteout(tree, &status)) {
		errno = ENOTDIR;
		return -1;
	}
	tree->is_implying = true;
	ret = tree_make_directory(tree, parent_fd, name, &entry, &implied->failure);
	tree->is_implying = false;
	return ret;
}

int
tree_imply_root(struct tree *tree, struct error **err)
{
	const struct entry entry = { .type = ENTRY_DIRECTORY, .mode = IMPLIED_MODE };
	struct stat status;

	if (fstat(tree->beneath.root_fd, &status) < 0)
		return tree_fail(errno, "look at", "", err);
	if (tree_find_fix(tree, status.st_ino))
		return 0;
	tree->is_implying = true;
	tree_plan_fix(tree, status.st_ino, &entry);
	tree->is_implying = false;
	return 0;
}

static int
open_parent(struct tree *tree, const char *path, struct error **err)
{
	struct implied implied = { .tree = tree };
	const struct beneath_maker maker = { make_implied, &implied };
	int fd = beneath_open(&tree->beneath, path, &maker);

	if (fd >= 0)
		return fd;
	if (!implied.failure)
		return tree_fail(errno, "open directory", path, err);
	return error_pass(err, implied.failure);
}

/* Most entries follow one of the same directory. */
static bool
is_open(const struct tree *tree, const char *path, size_t size)
{
	return tree->parent_path && strlen(tree->parent_path) == size &&
	       strncmp(tree->parent_path, path, size) == 0;
}

int
tree_parent(struct tree *tree, const char *path, int *ret_fd, const char **ret_name,
	    struct error **err)
{
	const char *slash = strrchr(path, '/');
	size_t size = slash ? (size_t)(slash - path) : 0;
	AUTO_FREE char *parent = NULL;
	int fd;

	*ret_name = slash ? slash + 1 : path;
	if (!is_open(tree, path, size)) {
		parent = xstrndup(path, size);
		fd = open_parent(tree, parent, err);
		if (fd < 0)
			return -1;
		tree_forget_parent(tree);
		tree->parent_fd = fd;
		tree->parent_path = TAKE_PTR(parent);
	}
	*ret_fd = tree->parent_fd;
	return 0;
}
