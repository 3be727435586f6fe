#include <stdlib.h>

#include "base/xalloc.h"
#include "layer/helper/tree.h"

static struct tree_fix *
fix_of(const struct tree *tree, uint64_t inode)
{
	uint32_t index;

	if (!inode_set_find(&tree->fix_slots, inode, &index) || index == INODE_SET_NO_VALUE)
		return NULL;
	return &tree->fixes[index];
}

const struct tree_fix *
tree_find_fix(const struct tree *tree, uint64_t inode)
{
	return fix_of(tree, inode);
}

static struct tree_fix *
add_fix(struct tree *tree, uint64_t inode)
{
	tree->fixes = xgrow(tree->fixes, tree->fix_count, sizeof(*tree->fixes));
	inode_set_add(&tree->fix_slots, inode, (uint32_t)tree->fix_count);
	tree->live_fix_count++;
	return &tree->fixes[tree->fix_count++];
}

void
tree_plan_fix(struct tree *tree, uint64_t inode, const struct entry *entry)
{
	struct tree_fix *fix = fix_of(tree, inode);

	if (!fix)
		fix = add_fix(tree, inode);
	*fix = (struct tree_fix){
		.mode = entry->mode,
		.modified = entry->modified,
		.is_implied = tree->is_implying,
	};
}

void
tree_drop_fix(struct tree *tree, uint64_t inode)
{
	if (!fix_of(tree, inode))
		return;
	inode_set_add(&tree->fix_slots, inode, INODE_SET_NO_VALUE);
	tree->live_fix_count--;
}
