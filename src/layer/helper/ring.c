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
	struct digest expected;
	struct measure measured; /* at the end */
};

/* The reader owns slots first .. first + count - 1, the writer the next one.  Of the reader's slots
 * the first hashed_count are hashed; the thread that sets is_hashing has the next one, the hasher
 * and size_bytes. */
struct ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct ring_slot slots[LAYER_RING_COUNT];
	size_t first;
	size_t count;
	size_t hashed_count;
	bool is_hashing;
	bool has_taken; /* the reader uses the first */
	bool reader_left;
	struct error *failure;
	struct digest expected; /* the writer's alone */
	struct hasher *hasher;  /* NULL: no byte of the layer yet */
	uint64_t size_bytes;
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
	hasher_free(ring->hasher);
	error_free(ring->failure);
	pthread_cond_destroy(&ring->changed);
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

static void
hash(struct ring *ring, struct ring_slot *slot)
{
	enum digest_algorithm algorithm = slot->expected.algorithm;

	if (!ring->hasher)
		ring->hasher = hasher_new(algorithm == DIGEST_NONE ? DIGEST_SHA256 : algorithm);
	if (!slot->is_end) {
		hasher_add(ring->hasher, slot->bytes, slot->size);
		ring->size_bytes += slot->size;
		return;
	}
	slot->measured = (struct measure){ hasher_finish(ring->hasher), ring->size_bytes };
	hasher_free(TAKE_PTR(ring->hasher));
	ring->size_bytes = 0;
}

/* Under the lock, which is released meanwhile.  False: there is nothing to hash, or the other
 * thread hashes. */
static bool
hash_next(struct ring *ring)
{
	struct ring_slot *slot;

	if (ring->is_hashing || ring->hashed_count == ring->count)
		return false;
	slot = &ring->slots[(ring->first + ring->hashed_count) % LAYER_RING_COUNT];
	ring->is_hashing = true;
	pthread_mutex_unlock(&ring->lock);
	hash(ring, slot);
	pthread_mutex_lock(&ring->lock);
	ring->is_hashing = false;
	ring->hashed_count++;
	pthread_cond_broadcast(&ring->changed);
	return true;
}

/* NULL: the reader has left. */
static struct ring_slot *
wait_for_room(struct ring *ring)
{
	struct ring_slot *slot = NULL;

	pthread_mutex_lock(&ring->lock);
	while (ring->count == LAYER_RING_COUNT - 1 && !ring->reader_left)
		if (!hash_next(ring))
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
	slot->expected = ring->expected;
	ring->count++;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

void
ring_begin(struct ring *ring, const struct digest *expected)
{
	ring->expected = *expected;
}

void *
ring_room(struct ring *ring, size_t *ret_size)
{
	struct ring_slot *slot = wait_for_room(ring);

	if (!slot)
		return NULL;
	*ret_size = LAYER_BUFFER_BYTES - slot->size;
	return slot->bytes + slot->size;
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
		if (bytes != slot->bytes + slot->size)
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
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

/* Under the lock. */
static void
hash_first(struct ring *ring)
{
	while (ring->hashed_count == 0)
		if (!hash_next(ring))
			pthread_cond_wait(&ring->changed, &ring->lock);
}

/* Under the lock. */
static void
give_back(struct ring *ring)
{
	hash_first(ring);
	ring->slots[ring->first].size = 0;
	ring->first = (ring->first + 1) % LAYER_RING_COUNT;
	ring->count--;
	ring->hashed_count--;
	ring->has_taken = false;
	pthread_cond_broadcast(&ring->changed);
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

int
ring_next(struct ring *ring, struct measure *ret_measure, struct error **err)
{
	struct digest expected;
	struct measure measured;

	pthread_mutex_lock(&ring->lock);
	hash_first(ring);
	expected = ring->slots[ring->first].expected;
	measured = ring->slots[ring->first].measured;
	give_back(ring);
	pthread_mutex_unlock(&ring->lock);
	if (expected.algorithm != DIGEST_NONE && !digest_equal(&measured.digest, &expected)) {
		error_set(err, ERROR_CONTENT, "the layer's diff_id is '%s', not '%s'",
			  digest_text(&measured.digest).text, digest_text(&expected).text);
		return error_set_class(err, CLASS_DIGEST);
	}
	*ret_measure = measured;
	return 0;
}

void
ring_leave(struct ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->reader_left = true;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}
