/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/inode_map.h"

#include <stdlib.h>

#include "base/xalloc.h"

/* The slot of an inode, or the free slot for it.  The capacity is a power of two. */
static struct inode_map_slot *
slot_of(struct inode_map_slot *slots, size_t capacity, uint64_t inode)
{
	size_t at = (size_t)((inode * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (capacity - 1);

	while (slots[at].inode != 0 && slots[at].inode != inode)
		at = (at + 1) & (capacity - 1);
	return &slots[at];
}

static void
grow(struct inode_map *inode_map)
{
	size_t capacity = inode_map->capacity ? 2 * inode_map->capacity : 1024;
	struct inode_map_slot *slots = xcalloc(capacity, sizeof(*slots));

	for (size_t i = 0; i < inode_map->capacity; i++)
		if (inode_map->slots[i].inode != 0)
			*slot_of(slots, capacity, inode_map->slots[i].inode) = inode_map->slots[i];
	free(inode_map->slots);
	inode_map->slots = slots;
	inode_map->capacity = capacity;
}

void
inode_map_add(struct inode_map *inode_map, uint64_t inode, uint32_t value)
{
	struct inode_map_slot *slot;

	if (4 * inode_map->count >= 3 * inode_map->capacity)
		grow(inode_map);
	slot = slot_of(inode_map->slots, inode_map->capacity, inode);
	inode_map->count += slot->inode == 0;
	*slot = (struct inode_map_slot){ inode, value };
}

bool
inode_map_find(const struct inode_map *inode_map, uint64_t inode, uint32_t *ret_value)
{
	const struct inode_map_slot *slot;

	if (inode_map->capacity == 0)
		return false;
	slot = slot_of(inode_map->slots, inode_map->capacity, inode);
	if (slot->inode == 0)
		return false;
	*ret_value = slot->value;
	return true;
}

void
inode_map_release(struct inode_map *inode_map)
{
	free(inode_map->slots);
	*inode_map = (struct inode_map){ 0 };
}
