/* SPDX-License-Identifier: Apache-2.0 */
/* inode_map.h - values by inode number, 16 bytes each */
#ifndef OCIFP_LAYER_HELPER_INODE_MAP_H
#define OCIFP_LAYER_HELPER_INODE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define INODE_MAP_NO_VALUE UINT32_MAX

struct inode_map_slot {
	uint64_t inode; /* 0: free */
	uint32_t value;
};

struct inode_map {
	struct inode_map_slot *slots;
	size_t capacity;
	size_t count;
};

/* Adding an inode again replaces its value. */
void inode_map_add(struct inode_map *inode_map, uint64_t inode, uint32_t value);
bool inode_map_find(const struct inode_map *inode_map, uint64_t inode, uint32_t *ret_value);
void inode_map_release(struct inode_map *inode_map);

#endif
