/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "layer/helper/ring.h"

struct writer {
	struct ring *ring;
	atomic_bool is_done;
	bool was_read;
};

static void *
write_one_byte(void *context)
{
	struct writer *writer = context;

	writer->was_read = ring_write(writer->ring, "x", 1);
	writer->is_done = true;
	return NULL;
}

static struct ring *
full_ring(void)
{
	size_t size = (LAYER_RING_COUNT - 1) * LAYER_BUFFER_BYTES;
	AUTO_FREE char *bytes = xcalloc(1, size);
	struct ring *ring = ring_new();

	alarm(60);
	assert_true(ring_write(ring, bytes, size));
	return ring;
}

static pthread_t
start(struct writer *writer)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, write_one_byte, writer), 0);
	(void)poll(NULL, 0, 50);
	assert_false(writer->is_done);
	return thread;
}

static void
a_writer_that_is_ahead_waits_for_the_reader(void **state)
{
	struct writer writer = { .ring = full_ring() };
	pthread_t thread = start(&writer);
	const void *bytes;
	size_t size = 0;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(ring_read(writer.ring, &bytes, &size, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(writer.was_read);
	ring_free(writer.ring);
}

static void
a_writer_whose_reader_leaves_ends(void **state)
{
	struct writer writer = { .ring = full_ring() };
	pthread_t thread = start(&writer);

	(void)state;
	ring_leave(writer.ring);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_false(writer.was_read);
	ring_free(writer.ring);
}

static void
what_was_written_comes_before_the_failure(void **state)
{
	AUTO_ERROR struct error *failure = NULL;
	struct ring *ring = full_ring();
	struct error *cause = NULL;
	const void *bytes;
	size_t size = 0;

	(void)state;
	error_set(&cause, ERROR_CONTENT, "cut");
	ring_fail(ring, cause);
	for (int i = 0; i < LAYER_RING_COUNT - 1; i++)
		assert_int_equal(ring_read(ring, &bytes, &size, NULL), 0);
	assert_int_equal(ring_read(ring, &bytes, &size, &failure), -1);
	assert_string_equal(error_text(failure), "cut");
	ring_free(ring);
}

static void
layers_follow_each_other(void **state)
{
	struct ring *ring = ring_new();
	const struct digest digests[] = { digest_of(DIGEST_SHA256, "one", 3),
					  digest_of(DIGEST_SHA256, "two", 3) };
	struct measure measured;
	const void *bytes;
	size_t size = 0;

	(void)state;
	assert_true(ring_write(ring, "one", 3) && ring_end(ring));
	assert_true(ring_write(ring, "two", 3) && ring_end(ring));
	for (int layer = 0; layer < 2; layer++) {
		assert_int_equal(ring_read(ring, &bytes, &size, NULL), 0);
		assert_memory_equal(bytes, layer == 0 ? "one" : "two", size);
		assert_int_equal(size, 3);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(ring_read(ring, &bytes, &size, NULL), 0);
			assert_int_equal(size, 0);
		}
		assert_int_equal(ring_next(ring, &measured, NULL), 0);
		assert_int_equal(measured.size_bytes, 3);
		assert_true(digest_equal(&measured.digest, &digests[layer]));
	}
	ring_free(ring);
}

static void
a_layer_with_another_digest_is_refused(void **state)
{
	struct digest expected = digest_of(DIGEST_SHA512, "one", 3);
	AUTO_ERROR struct error *failure = NULL;
	struct ring *ring = ring_new();
	struct measure measured;
	const void *bytes;
	size_t size = 0;

	(void)state;
	ring_begin(ring, &expected);
	assert_true(ring_write(ring, "one", 3) && ring_end(ring));
	assert_true(ring_write(ring, "two", 3) && ring_end(ring));
	for (int layer = 0; layer < 2; layer++) {
		do
			assert_int_equal(ring_read(ring, &bytes, &size, NULL), 0);
		while (size > 0);
		assert_int_equal(ring_next(ring, &measured, &failure), -layer);
	}
	assert_int_equal(error_kind(failure), ERROR_CONTENT);
	assert_string_equal(error_class(failure), "digest");
	ring_free(ring);
}

#define LAYERS 3
#define LAYER_BYTES (5 * LAYER_RING_COUNT * LAYER_BUFFER_BYTES + 1)

/* Half of the bytes are written in the ring's room, as an inflater does. */
static void *
write_layers(void *context)
{
	struct ring *ring = context;

	for (int layer = 0; layer < LAYERS; layer++) {
		for (size_t left = LAYER_BYTES; left > 0;) {
			size_t room = 0;
			uint8_t *to = ring_room(ring, &room);
			size_t size = room < left ? room : left;
			size_t half = size - size / 2;

			assert_non_null(to);
			memset(to, layer, half);
			assert_true(ring_write(ring, to, half));
			left -= half;
		}
		assert_true(ring_end(ring));
	}
	return NULL;
}

/* With a slow reader the writer hashes, with a fast one the reader. */
static void
read_layers(int pause_ms)
{
	AUTO_FREE uint8_t *content = xcalloc(1, LAYER_BYTES);
	struct ring *ring = ring_new();
	struct measure measured;
	const void *bytes;
	size_t size = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, write_layers, ring), 0);
	for (int layer = 0; layer < LAYERS; layer++) {
		struct digest expected;

		memset(content, layer, LAYER_BYTES);
		expected = digest_of(DIGEST_SHA256, content, LAYER_BYTES);
		do {
			assert_int_equal(ring_read(ring, &bytes, &size, NULL), 0);
			(void)poll(NULL, 0, pause_ms);
		} while (size > 0);
		assert_int_equal(ring_next(ring, &measured, NULL), 0);
		assert_int_equal(measured.size_bytes, LAYER_BYTES);
		assert_true(digest_equal(&measured.digest, &expected));
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	ring_free(ring);
}

static void
either_thread_hashes(void **state)
{
	(void)state;
	read_layers(0);
	read_layers(2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_writer_that_is_ahead_waits_for_the_reader),
		cmocka_unit_test(a_writer_whose_reader_leaves_ends),
		cmocka_unit_test(what_was_written_comes_before_the_failure),
		cmocka_unit_test(layers_follow_each_other),
		cmocka_unit_test(a_layer_with_another_digest_is_refused),
		cmocka_unit_test(either_thread_hashes),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
