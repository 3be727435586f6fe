/* SPDX-License-Identifier: Apache-2.0 */
/* inode_set.h - a set of inode numbers, each with a value
 *
 * A whiteout hides files of lower layers only, at any place among its layer's entries, so the files
 * that this layer created have to be known.  Their inode numbers differ from those of all existing
 * files. 16 bytes a file.
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

/* Adding an inode again replaces its value. */
void inode_set_add(struct inode_set *inode_set, uint64_t inode, uint32_t value);
bool inode_set_find(const struct inode_set *inode_set, uint64_t inode, uint32_t *ret_value);
bool inode_set_has(const struct inode_set *inode_set, uint64_t inode);
void inode_set_release(struct inode_set *inode_set);

#endif
