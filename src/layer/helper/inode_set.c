/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/inode_set.h"

#include <stdlib.h>

#include "base/xalloc.h"

/* The slot of the neighbours, or the free slot for them.  The capacity is a power of two. */
static struct inode_set_slot *
slot_of(struct inode_set_slot *slots, size_t capacity, uint64_t neighbours)
{
	size_t at = (size_t)((neighbours * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (capacity - 1);

	while (slots[at].bits != 0 && slots[at].neighbours != neighbours)
		at = (at + 1) & (capacity - 1);
	return &slots[at];
}

static void
grow(struct inode_set *inode_set)
{
	size_t capacity = inode_set->capacity ? 2 * inode_set->capacity : 1024;
	struct inode_set_slot *slots = xcalloc(capacity, sizeof(*slots));

	for (size_t i = 0; i < inode_set->capacity; i++)
		if (inode_set->slots[i].bits != 0)
			*slot_of(slots, capacity, inode_set->slots[i].neighbours) =
				inode_set->slots[i];
	free(inode_set->slots);
	inode_set->slots = slots;
	inode_set->capacity = capacity;
}

void
inode_set_add(struct inode_set *inode_set, uint64_t inode)
{
	struct inode_set_slot *slot;

	if (4 * inode_set->count >= 3 * inode_set->capacity)
		grow(inode_set);
	slot = slot_of(inode_set->slots, inode_set->capacity, inode / 64);
	inode_set->count += slot->bits == 0;
	slot->neighbours = inode / 64;
	slot->bits |= UINT64_C(1) << inode % 64;
}

bool
inode_set_has(const struct inode_set *inode_set, uint64_t inode)
{
	if (inode_set->capacity == 0)
		return false;
	return slot_of(inode_set->slots, inode_set->capacity, inode / 64)->bits >> inode % 64 & 1;
}

void
inode_set_release(struct inode_set *inode_set)
{
	free(inode_set->slots);
	*inode_set = (struct inode_set){ 0 };
}
