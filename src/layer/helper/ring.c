/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/ring.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"

struct ring_slot {
	uint8_t *bytes;
	size_t size;
	bool is_end; /* of a layer */
};

/* The reader owns slots first .. first + count - 1, the writer the next one. */
struct ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct ring_slot slots[LAYER_RING_COUNT];
	size_t first;
	size_t count;
	bool has_taken; /* the reader uses the first */
	bool reader_left;
	struct error *failure;
};

struct ring *
ring_new(void)
{
	struct ring *ring = XNEW(struct ring);

	pthread_mutex_init(&ring->lock, NULL);
	pthread_cond_init(&ring->changed, NULL);
	for (size_t i = 0; i < LAYER_RING_COUNT; i++)
		ring->slots[i].bytes = xcalloc(1, LAYER_BUFFER_BYTES);
	return ring;
}

void
ring_free(struct ring *ring)
{
	if (!ring)
		return;
	for (size_t i = 0; i < LAYER_RING_COUNT; i++)
		free(ring->slots[i].bytes);
	error_free(ring->failure);
	pthread_cond_destroy(&ring->changed);
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

/* NULL: the reader has left. */
static struct ring_slot *
wait_for_room(struct ring *ring)
{
	struct ring_slot *slot = NULL;

	pthread_mutex_lock(&ring->lock);
	while (ring->count == LAYER_RING_COUNT - 1 && !ring->reader_left)
		pthread_cond_wait(&ring->changed, &ring->lock);
	if (!ring->reader_left)
		slot = &ring->slots[(ring->first + ring->count) % LAYER_RING_COUNT];
	pthread_mutex_unlock(&ring->lock);
	return slot;
}

static void
hand_over(struct ring *ring, struct ring_slot *slot, bool is_end)
{
	pthread_mutex_lock(&ring->lock);
	slot->is_end = is_end;
	ring->count++;
	pthread_cond_signal(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

/* The writer's slot is passed on when it is full. */
bool
ring_write(struct ring *ring, const void *bytes, size_t size)
{
	while (size > 0) {
		struct ring_slot *slot = wait_for_room(ring);
		size_t part;

		if (!slot)
			return false;
		part = LAYER_BUFFER_BYTES - slot->size;
		if (part > size)
			part = size;
		memcpy(slot->bytes + slot->size, bytes, part);
		slot->size += part;
		bytes = (const uint8_t *)bytes + part;
		size -= part;
		if (slot->size == LAYER_BUFFER_BYTES)
			hand_over(ring, slot, false);
	}
	return true;
}

bool
ring_end(struct ring *ring)
{
	struct ring_slot *slot = wait_for_room(ring);

	if (slot && slot->size > 0) {
		hand_over(ring, slot, false);
		slot = wait_for_room(ring);
	}
	if (slot)
		hand_over(ring, slot, true);
	return slot != NULL;
}

void
ring_fail(struct ring *ring, struct error *failure)
{
	pthread_mutex_lock(&ring->lock);
	ring->failure = failure;
	pthread_cond_signal(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

/* Under the lock. */
static void
give_back(struct ring *ring)
{
	ring->slots[ring->first].size = 0;
	ring->first = (ring->first + 1) % LAYER_RING_COUNT;
	ring->count--;
	ring->has_taken = false;
	pthread_cond_signal(&ring->changed);
}

int
ring_read(struct ring *ring, const void **ret_bytes, size_t *ret_size, struct error **err)
{
	const struct ring_slot *slot = NULL;
	struct error *failure = NULL;

	pthread_mutex_lock(&ring->lock);
	if (ring->has_taken)
		give_back(ring);
	while (ring->count == 0 && !ring->failure)
		pthread_cond_wait(&ring->changed, &ring->lock);
	if (ring->count > 0)
		slot = &ring->slots[ring->first];
	else
		failure = TAKE_PTR(ring->failure);
	ring->has_taken = slot && !slot->is_end;
	pthread_mutex_unlock(&ring->lock);
	if (!slot)
		return error_pass(err, failure);
	*ret_bytes = slot->bytes;
	*ret_size = slot->is_end ? 0 : slot->size;
	return 0;
}

void
ring_next(struct ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	give_back(ring);
	pthread_mutex_unlock(&ring->lock);
}

void
ring_leave(struct ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->reader_left = true;
	pthread_cond_signal(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}
