/* inode_set.h - which files a layer has inode_set, by inode number
 *
 * A whiteout hides what lower layers have, wherever it stands among its own layer's entries: so
 * what this layer inode_set must be told from what was there.  An inode that is in use by an older
 * file is given to no new one; 16 bytes a file.
 */
#ifndef OCIFP_LAYER_HELPER_INODE_SET_H
#define OCIFP_LAYER_HELPER_INODE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define INODE_SET_NO_VALUE UINT32_MAX

struct inode_set_slot {
	uint64_t inode; /* 0: free */
	uint32_t value;
};

struct inode_set {
	struct inode_set_slot *slots;
	size_t capacity;
	size_t count;
};

/* The value is the caller's; adding again changes it. */
void inode_set_add(struct inode_set *inode_set, uint64_t inode, uint32_t value);
bool inode_set_find(const struct inode_set *inode_set, uint64_t inode, uint32_t *ret_value);
bool inode_set_has(const struct inode_set *inode_set, uint64_t inode);
void inode_set_release(struct inode_set *inode_set);

#endif
