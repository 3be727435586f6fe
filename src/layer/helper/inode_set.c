/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/inode_set.h"

#include <stdlib.h>

#include "base/xalloc.h"

/* The slot of an inode, or the free slot for it.  The capacity is a power of two. */
static struct inode_set_slot *
slot_of(struct inode_set_slot *slots, size_t capacity, uint64_t inode)
{
	size_t at = (size_t)((inode * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (capacity - 1);

	while (slots[at].inode != 0 && slots[at].inode != inode)
		at = (at + 1) & (capacity - 1);
	return &slots[at];
}

static void
grow(struct inode_set *inode_set)
{
	size_t capacity = inode_set->capacity ? 2 * inode_set->capacity : 1024;
	struct inode_set_slot *slots = xcalloc(capacity, sizeof(*slots));

	for (size_t i = 0; i < inode_set->capacity; i++)
		if (inode_set->slots[i].inode != 0)
			*slot_of(slots, capacity, inode_set->slots[i].inode) = inode_set->slots[i];
	free(inode_set->slots);
	inode_set->slots = slots;
	inode_set->capacity = capacity;
}

void
inode_set_add(struct inode_set *inode_set, uint64_t inode, uint32_t value)
{
	struct inode_set_slot *slot;

	if (4 * inode_set->count >= 3 * inode_set->capacity)
		grow(inode_set);
	slot = slot_of(inode_set->slots, inode_set->capacity, inode);
	inode_set->count += slot->inode == 0;
	*slot = (struct inode_set_slot){ inode, value };
}

bool
inode_set_find(const struct inode_set *inode_set, uint64_t inode, uint32_t *ret_value)
{
	const struct inode_set_slot *slot;

	if (inode_set->capacity == 0)
		return false;
	slot = slot_of(inode_set->slots, inode_set->capacity, inode);
	if (slot->inode == 0)
		return false;
	*ret_value = slot->value;
	return true;
}

bool
inode_set_has(const struct inode_set *inode_set, uint64_t inode)
{
	uint32_t ignored;

	return inode_set_find(inode_set, inode, &ignored);
}

void
inode_set_release(struct inode_set *inode_set)
{
	free(inode_set->slots);
	*inode_set = (struct inode_set){ 0 };
}
