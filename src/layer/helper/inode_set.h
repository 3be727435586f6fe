/* SPDX-License-Identifier: Apache-2.0 */
/* inode_set.h - a set of inode numbers
 *
 * A whiteout hides files of lower layers only, at any place among its layer's entries, so the files
 * that this layer created have to be known.  Their inode numbers differ from those of all existing
 * files.  File systems give numbers in a row, so a slot of 16 bytes holds 64 neighbours: a million
 * files need less than 1 MiB, and never more than 16 bytes each at a load of 3/4.
 */
#ifndef OCIFP_LAYER_HELPER_INODE_SET_H
#define OCIFP_LAYER_HELPER_INODE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inode_set_slot {
	uint64_t neighbours; /* inode / 64 */
	uint64_t bits;       /* by inode % 64; 0: a free slot */
};

struct inode_set {
	struct inode_set_slot *slots;
	size_t capacity;
	size_t count; /* of slots in use */
};

void inode_set_add(struct inode_set *inode_set, uint64_t inode);
bool inode_set_has(const struct inode_set *inode_set, uint64_t inode);
void inode_set_release(struct inode_set *inode_set);

#endif
