/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "layer/helper/feed.h"
#include "layer/helper/ring.h"
#include "sandbox/channel.h"
#include "stream/sink.h"
#include "tree_room.h"

static void
send_layer(int channel_fd, const char *path)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(MESSAGE_LAYER);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	message_put_text(&message, "");
	assert_int_equal(message_send(channel_fd, &message, NULL), 0);
	assert_int_equal(message_send_fd(channel_fd, fd, NULL), 0);
}

/* What came out before the end, or before *ret_failure. */
static uint64_t
drain(struct ring *ring, struct error **ret_failure)
{
	uint64_t total_bytes = 0;
	const void *bytes;
	size_t size = 0;

	while (ring_read(ring, &bytes, &size, ret_failure) == 0 && size > 0)
		total_bytes += size;
	return total_bytes;
}

static uint64_t
fed(const char *path, struct error **ret_failure)
{
	struct ring *ring = ring_new();
	struct feed *feed;
	struct measure measured;
	uint64_t size_bytes;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	feed = feed_new(ring, fds[1], 1, NULL);
	assert_non_null(feed);
	send_layer(fds[0], path);
	feed_go(feed);
	size_bytes = drain(ring, ret_failure);
	if (!*ret_failure) {
		assert_int_equal(ring_next(ring, &measured, NULL), 0);
		assert_int_equal(measured.size_bytes, size_bytes);
	}
	ring_leave(ring);
	feed_free(feed);
	ring_free(ring);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return size_bytes;
}

static void
what_grows_a_lot_has_a_limit(void **state)
{
	AUTO_FREE char *script =
		xasprintf("head -c %llu /dev/zero | gzip >part; cat part part part part "
			  "part part part part >at; printf x | gzip | cat at - >past",
			  (unsigned long long)LAYER_RATIO_FREE_BYTES / 8);
	AUTO_ERROR struct error *none = NULL;
	AUTO_ERROR struct error *failure = NULL;

	(void)state;
	shell(script);
	assert_int_equal(fed("at", &none), LAYER_RATIO_FREE_BYTES);
	assert_null(none);
	(void)fed("past", &failure);
	assert_int_equal(error_kind(failure), ERROR_CONTENT);
	assert_string_equal(error_class(failure), "limit");
}

static void
assert_capped(uint64_t unpacked_bytes, uint64_t read_bytes)
{
	AUTO_ERROR struct error *failure = NULL;

	assert_int_equal(feed_check_caps(unpacked_bytes, read_bytes, &failure), -1);
	assert_int_equal(error_kind(failure), ERROR_CONTENT);
	assert_string_equal(error_class(failure), "limit");
}

static void
a_layer_grows_so_many_times_at_most(void **state)
{
	const uint64_t read_bytes = 4 * MIB;
	const uint64_t most_bytes = read_bytes * LAYER_RATIO_LIMIT;

	(void)state;
	assert_true(most_bytes > LAYER_RATIO_FREE_BYTES);
	assert_int_equal(feed_check_caps(most_bytes, read_bytes, NULL), 0);
	assert_capped(most_bytes + LAYER_RATIO_LIMIT, read_bytes);
	assert_int_equal(feed_check_caps(LAYER_RATIO_FREE_BYTES, 1, NULL), 0);
	assert_capped(LAYER_RATIO_FREE_BYTES + 1, 1);
}

static void
a_layer_has_a_size_at_most(void **state)
{
	(void)state;
	assert_int_equal(
		feed_check_caps(LAYER_UNPACKED_LIMIT_BYTES, LAYER_UNPACKED_LIMIT_BYTES, NULL), 0);
	assert_capped(LAYER_UNPACKED_LIMIT_BYTES + 1, LAYER_UNPACKED_LIMIT_BYTES + 1);
}

/* Were it waited for, the room's alarm would end the test. */
static void
a_layer_that_does_not_come_is_not_waited_for(void **state)
{
	struct ring *ring = ring_new();
	struct feed *feed;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	feed = feed_new(ring, fds[1], 2, NULL);
	assert_non_null(feed);
	shell("printf x >layer");
	send_layer(fds[0], "layer");
	feed_go(feed);
	assert_int_equal(drain(ring, NULL), 1);
	ring_leave(ring);
	feed_free(feed);
	ring_free(ring);
	/* What failed is told on the same channel. */
	assert_int_equal(write(fds[1], "x", 1), 1);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_layer_grows_so_many_times_at_most),
		cmocka_unit_test(a_layer_has_a_size_at_most),
		cmocka_unit_test_setup_teardown(what_grows_a_lot_has_a_limit, enter_tree,
						leave_tree),
		cmocka_unit_test_setup_teardown(a_layer_that_does_not_come_is_not_waited_for,
						enter_tree, leave_tree),
	};

	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
