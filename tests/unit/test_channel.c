/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "sandbox/channel.h"

struct ends {
	int ours;
	int theirs;
};

static struct ends
open_channel(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	return (struct ends){ fds[0], fds[1] };
}

static void
close_channel(const struct ends *ends)
{
	close(ends->ours);
	close(ends->theirs);
}

static void
pass(const struct ends *ends, const struct message *sent, struct message *received)
{
	AUTO_ERROR struct error *err = NULL;
	bool ended = true;

	assert_int_equal(message_send(ends->ours, sent, &err), 0);
	assert_int_equal(message_receive(ends->theirs, received, &ended, &err), 0);
	assert_false(ended);
}

static void
what_was_put_is_got_in_order(void **state)
{
	struct ends ends = open_channel();
	AUTO_MESSAGE struct message sent = MESSAGE_INIT(MESSAGE_ITEM);
	AUTO_MESSAGE struct message received = MESSAGE_INIT(0);
	AUTO_ERROR struct error *err = NULL;
	uint64_t number = 0;
	const char *text = NULL;
	const void *bytes = NULL;
	size_t size = 0;

	(void)state;
	message_put_number(&sent, UINT64_MAX);
	message_put_text(&sent, "a\xff\n");
	message_put_bytes(&sent, "a\0b", 3);
	message_put_text(&sent, "");
	pass(&ends, &sent, &received);
	assert_int_equal(received.type, MESSAGE_ITEM);
	assert_int_equal(message_get_number(&received, &number, &err), 0);
	assert_true(number == UINT64_MAX);
	assert_int_equal(message_get_text(&received, &text, &err), 0);
	assert_string_equal(text, "a\xff\n");
	assert_int_equal(message_get_bytes(&received, &bytes, &size, &err), 0);
	assert_int_equal(size, 3);
	assert_memory_equal(bytes, "a\0b", 3);
	assert_int_equal(message_get_text(&received, &text, &err), 0);
	assert_string_equal(text, "");
	assert_int_equal(message_get_number(&received, &number, &err), -1);
	close_channel(&ends);
}

static void
the_end_of_the_other_side_is_no_message(void **state)
{
	struct ends ends = open_channel();
	AUTO_MESSAGE struct message received = MESSAGE_INIT(0);
	AUTO_ERROR struct error *err = NULL;
	bool ended = false;

	(void)state;
	close(ends.ours);
	assert_int_equal(message_receive(ends.theirs, &received, &ended, &err), 0);
	assert_true(ended);
	close(ends.theirs);
}

static void
expect_refused(const void *bytes, size_t size)
{
	struct ends ends = open_channel();
	AUTO_MESSAGE struct message received = MESSAGE_INIT(0);
	AUTO_ERROR struct error *err = NULL;
	bool ended = false;

	assert_int_equal(fd_write_all(ends.ours, bytes, size, "channel", &err), 0);
	close(ends.ours);
	assert_int_equal(message_receive(ends.theirs, &received, &ended, &err), -1);
	assert_int_equal(error_kind(err), ERROR_FAILURE);
	close(ends.theirs);
}

static void
a_frame_that_is_cut_short_is_refused(void **state)
{
	const uint32_t frame[] = { MESSAGE_ITEM, 8, 1 };

	(void)state;
	expect_refused(frame, 3);
	expect_refused(frame, 8);
	expect_refused(frame, 12);
}

static void
a_message_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
	const uint32_t too_long[] = { MESSAGE_ITEM, MESSAGE_LIMIT_BYTES + 1 };
	const size_t overhead = sizeof(uint64_t) + 1;
	AUTO_FREE char *text = xcalloc(1, MESSAGE_LIMIT_BYTES);
	AUTO_MESSAGE struct message sent = MESSAGE_INIT(MESSAGE_ITEM);
	AUTO_MESSAGE struct message over = MESSAGE_INIT(MESSAGE_ITEM);
	AUTO_MESSAGE struct message received = MESSAGE_INIT(0);
	AUTO_ERROR struct error *err = NULL;
	struct ends ends = open_channel();

	(void)state;
	expect_refused(too_long, sizeof(too_long));
	memset(text, 'x', MESSAGE_LIMIT_BYTES - overhead);
	message_put_text(&sent, text);
	pass(&ends, &sent, &received);
	assert_int_equal(received.payload.size, MESSAGE_LIMIT_BYTES);
	message_put_text(&over, text);
	message_put_number(&over, 1);
	assert_int_equal(message_send(ends.ours, &over, &err), -1);
	close_channel(&ends);
}

static void
a_text_with_a_nul_or_a_size_that_lies_is_refused(void **state)
{
	static const struct {
		uint64_t size;
		char text[4];
	} cases[] = { { 3, "a\0b" }, { 4, "abc" }, { 2, "abc" }, { UINT64_MAX, "abc" } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_MESSAGE struct message message = MESSAGE_INIT(MESSAGE_ITEM);
		AUTO_ERROR struct error *err = NULL;
		const char *text = NULL;

		assert_int_equal(buf_append(&message.payload, &cases[i], 12, &err), 0);
		assert_int_equal(message_get_text(&message, &text, &err), -1);
		assert_null(text);
	}
}

static void
bytes_whose_size_lies_are_refused(void **state)
{
	static const uint64_t sizes[] = { 5, MESSAGE_LIMIT_BYTES + 1, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		AUTO_MESSAGE struct message message = MESSAGE_INIT(MESSAGE_ITEM);
		AUTO_ERROR struct error *err = NULL;
		const void *bytes = NULL;
		size_t size = 0;

		message_put_number(&message, sizes[i]);
		assert_int_equal(buf_append(&message.payload, "four", 4, &err), 0);
		assert_int_equal(message_get_bytes(&message, &bytes, &size, &err), -1);
		assert_null(bytes);
	}
}

static struct error *
sent_through(const struct error *error)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(MESSAGE_FAILURE);
	struct error *err = NULL;

	message_put_error(&message, error);
	assert_int_equal(message_get_error(&message, &err), -1);
	return err;
}

static void
an_error_keeps_its_kind_class_text_and_hint(void **state)
{
	AUTO_ERROR struct error *error = NULL;
	AUTO_ERROR struct error *received = NULL;

	(void)state;
	error_set(&error, ERROR_CONTENT, "entry 'a\\x1bb' is odd");
	error_set_class(&error, CLASS_LIMIT);
	error_set_hint(&error, "look at it");
	received = sent_through(error);
	assert_int_equal(error_kind(received), ERROR_CONTENT);
	assert_string_equal(error_class(received), "limit");
	assert_string_equal(error_text(received), "entry 'a\\x1bb' is odd");
	assert_string_equal(error_hint(received), "look at it");
}

static void
an_error_that_a_child_has_no_business_with_is_a_plain_failure(void **state)
{
	AUTO_ERROR struct error *error = NULL;
	AUTO_ERROR struct error *received = NULL;

	(void)state;
	error_set(&error, ERROR_ABSENT, "::set-env\x1b[2J");
	error_set_class(&error, CLASS_TLS);
	received = sent_through(error);
	assert_int_equal(error_kind(received), ERROR_FAILURE);
	assert_null(error_class(received));
	assert_null(strstr(error_text(received), "::"));
	assert_null(strchr(error_text(received), '\x1b'));
}

static void
half_of_a_message_is_not_waited_for_for_ever(void **state)
{
	struct ends ends = open_channel();
	AUTO_MESSAGE struct message received = MESSAGE_INIT(0);
	AUTO_ERROR struct error *err = NULL;
	bool ended = false;

	(void)state;
	assert_int_equal(channel_set_timeout(ends.theirs, 20, &err), 0);
	assert_int_equal(write(ends.ours, "\0\0\0", 3), 3);
	assert_int_equal(message_receive(ends.theirs, &received, &ended, &err), -1);
	assert_non_null(strstr(error_text(err), "half-way"));
	close_channel(&ends);
}

static void *
send_late(void *context)
{
	const struct message sent = MESSAGE_INIT(MESSAGE_ITEM);
	AUTO_ERROR struct error *err = NULL;

	(void)poll(NULL, 0, 100);
	assert_int_equal(message_send(*(const int *)context, &sent, &err), 0);
	return NULL;
}

static void
a_message_may_be_long_in_coming(void **state)
{
	struct ends ends = open_channel();
	AUTO_MESSAGE struct message received = MESSAGE_INIT(0);
	AUTO_ERROR struct error *err = NULL;
	bool ended = false;
	pthread_t thread;

	(void)state;
	assert_int_equal(channel_set_timeout(ends.theirs, 20, &err), 0);
	assert_int_equal(pthread_create(&thread, NULL, send_late, &ends.ours), 0);
	assert_int_equal(message_receive(ends.theirs, &received, &ended, &err), 0);
	assert_int_equal(received.type, MESSAGE_ITEM);
	assert_int_equal(pthread_join(thread, NULL), 0);
	close_channel(&ends);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_is_got_in_order),
		cmocka_unit_test(the_end_of_the_other_side_is_no_message),
		cmocka_unit_test(a_frame_that_is_cut_short_is_refused),
		cmocka_unit_test(a_message_may_be_as_long_as_the_limit_and_no_longer),
		cmocka_unit_test(a_text_with_a_nul_or_a_size_that_lies_is_refused),
		cmocka_unit_test(bytes_whose_size_lies_are_refused),
		cmocka_unit_test(half_of_a_message_is_not_waited_for_for_ever),
		cmocka_unit_test(a_message_may_be_long_in_coming),
		cmocka_unit_test(an_error_keeps_its_kind_class_text_and_hint),
		cmocka_unit_test(an_error_that_a_child_has_no_business_with_is_a_plain_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
