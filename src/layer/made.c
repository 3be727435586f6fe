#include "layer/made.h"

#include <stdlib.h>

#include "base/xalloc.h"

/* The slot of an inode, or the free one where it would go.  A capacity is a power of two. */
static struct made_slot *
slot_of(struct made_slot *slots, size_t capacity, uint64_t inode)
{
	size_t at = (size_t)((inode * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (capacity - 1);

	while (slots[at].inode != 0 && slots[at].inode != inode)
		at = (at + 1) & (capacity - 1);
	return &slots[at];
}

static void
grow(struct made *made)
{
	size_t capacity = made->capacity ? 2 * made->capacity : 1024;
	struct made_slot *slots = xcalloc(capacity, sizeof(*slots));

	for (size_t i = 0; i < made->capacity; i++)
		if (made->slots[i].inode != 0)
			*slot_of(slots, capacity, made->slots[i].inode) = made->slots[i];
	free(made->slots);
	made->slots = slots;
	made->capacity = capacity;
}

void
made_add(struct made *made, uint64_t inode, uint32_t value)
{
	struct made_slot *slot;

	if (4 * made->count >= 3 * made->capacity)
		grow(made);
	slot = slot_of(made->slots, made->capacity, inode);
	made->count += slot->inode == 0;
	*slot = (struct made_slot){ inode, value };
}

bool
made_find(const struct made *made, uint64_t inode, uint32_t *ret_value)
{
	const struct made_slot *slot;

	if (made->capacity == 0)
		return false;
	slot = slot_of(made->slots, made->capacity, inode);
	if (slot->inode == 0)
		return false;
	*ret_value = slot->value;
	return true;
}

bool
made_has(const struct made *made, uint64_t inode)
{
	uint32_t ignored;

	return made_find(made, inode, &ignored);
}

void
made_release(struct made *made)
{
	free(made->slots);
	*made = (struct made){ 0 };
}
