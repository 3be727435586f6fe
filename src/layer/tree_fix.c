#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "layer/tree.h"

static struct tree_fix *
fix_of(struct tree *tree, uint64_t inode)
{
	uint32_t index;

	if (!made_find(&tree->fix_slots, inode, &index) || index == MADE_NO_VALUE)
		return NULL;
	return &tree->fixes[index];
}

static struct tree_fix *
add_fix(struct tree *tree, uint64_t inode)
{
	tree->fixes = xgrow(tree->fixes, tree->fix_count, sizeof(*tree->fixes));
	made_add(&tree->fix_slots, inode, (uint32_t)tree->fix_count);
	tree->fixes[tree->fix_count] = (struct tree_fix){ .inode = inode };
	return &tree->fixes[tree->fix_count++];
}

void
tree_plan_fix(struct tree *tree, const struct stat *status, const char *path, mode_t mode,
	      struct timespec modified)
{
	struct tree_fix *fix = fix_of(tree, status->st_ino);

	if (!fix)
		fix = add_fix(tree, status->st_ino);
	free(fix->path);
	fix->path = xstrdup(path);
	fix->mode = mode;
	fix->modified = modified;
	fix->is_implied = tree->is_implying;
}

void
tree_drop_fix(struct tree *tree, uint64_t inode)
{
	struct tree_fix *fix = fix_of(tree, inode);

	if (!fix)
		return;
	free(fix->path);
	fix->path = NULL;
	made_add(&tree->fix_slots, inode, MADE_NO_VALUE);
}

static size_t
depth_of(const char *path)
{
	size_t depth = *path ? 1 : 0;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

/* Children before their parents, which may then no longer be entered. */
static int
deeper_first(const void *a, const void *b)
{
	const struct tree_fix *left = a;
	const struct tree_fix *right = b;
	size_t left_depth = left->path ? depth_of(left->path) : 0;
	size_t right_depth = right->path ? depth_of(right->path) : 0;

	return (left_depth < right_depth) - (left_depth > right_depth);
}

/* A directory that is no longer the one that was meant is left alone. */
static int
apply(struct tree *tree, const struct tree_fix *fix, struct error **err)
{
	const struct timespec times[2] = { fix->modified, fix->modified };
	AUTO_CLOSE int fd = beneath_open(&tree->beneath, fix->path, NULL);
	struct stat status;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0 || fstat(fd, &status) < 0)
		return tree_fail(errno, "open directory", fix->path, err);
	if (status.st_ino != fix->inode)
		return 0;
	if (fchmod(fd, fix->mode) < 0 || futimens(fd, times) < 0)
		return tree_fail(errno, "finish directory", fix->path, err);
	return 0;
}

/* Which an overlay would put over a lower one: the program looks whether that does any harm. */
static int
record_implied(struct tree *tree, const struct tree_fix *fix, struct error **err)
{
	if (!tree->overlay || !fix->is_implied)
		return 0;
	return tree_record_implied(&tree->record, fix->path, err);
}

int
tree_finish(struct tree *tree, struct error **err)
{
	tree_forget_parent(tree);
	if (tree_settle_whiteouts(tree, err) < 0)
		return -1;
	if (tree->fix_count > 1)
		qsort(tree->fixes, tree->fix_count, sizeof(*tree->fixes), deeper_first);
	for (size_t i = 0; i < tree->fix_count; i++)
		if (tree->fixes[i].path && (apply(tree, &tree->fixes[i], err) < 0 ||
					    record_implied(tree, &tree->fixes[i], err) < 0))
			return -1;
	return tree_record_flush(&tree->record, err);
}
