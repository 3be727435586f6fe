/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/observer.h"

struct listener {
	struct observer observer;
	unsigned heard_count;
	enum event_kind kind;
	char text[64];
	uint64_t bytes;
};

static void
hear(struct observer *observer, const struct event *event)
{
	struct listener *listener = (struct listener *)observer;

	listener->heard_count++;
	listener->kind = event->kind;
	listener->bytes = event->bytes;
	(void)snprintf(listener->text, sizeof(listener->text), "%s",
		       event->text ? event->text : "");
}

static void
hears_text_as_it_was_formatted(void **state)
{
	struct listener listener = { .observer.hear = hear };

	(void)state;
	observer_tell(&listener.observer, EVENT_NOTICE, "%s %d", "x", 7);
	assert_int_equal(listener.heard_count, 1);
	assert_int_equal(listener.kind, EVENT_NOTICE);
	assert_string_equal(listener.text, "x 7");
	assert_int_equal(listener.bytes, 0);
}

static void
hears_counts_and_blobs(void **state)
{
	struct listener listener = { .observer.hear = hear };

	(void)state;
	observer_count(&listener.observer, EVENT_MOVED, UINT64_MAX);
	assert_int_equal(listener.kind, EVENT_MOVED);
	assert_true(listener.bytes == UINT64_MAX);
	assert_string_equal(listener.text, "");
	observer_blob(&listener.observer, EVENT_REUSED, "sha256:ab", 9);
	assert_int_equal(listener.kind, EVENT_REUSED);
	assert_string_equal(listener.text, "sha256:ab");
	assert_int_equal(listener.bytes, 9);
	assert_int_equal(listener.heard_count, 2);
}

static void
hears_when_a_request_is_sent_again(void **state)
{
	struct listener listener = { .observer.hear = hear };

	(void)state;
	observer_retry(&listener.observer, "answer 503", 250);
	assert_int_equal(listener.kind, EVENT_RETRY);
	assert_string_equal(listener.text, "answer 503; again in 250 ms");
	observer_retry(&listener.observer, "answer 429", 34500);
	assert_string_equal(listener.text, "answer 429; again in 34 s");
}

static void
hears_what_is_waited_for(void **state)
{
	struct listener listener = { .observer.hear = hear };

	(void)state;
	observer_pause(&listener.observer, "for others", 0, 1);
	assert_int_equal(listener.kind, EVENT_WAITING);
	assert_string_equal(listener.text, "for others");
	assert_int_equal(listener.heard_count, 1);
}

static void
nobody_hears_nothing(void **state)
{
	(void)state;
	observer_tell(NULL, EVENT_NOTICE, "%s", "x");
	observer_count(NULL, EVENT_MOVED, 1);
	observer_blob(NULL, EVENT_REUSED, "x", 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hears_text_as_it_was_formatted),
		cmocka_unit_test(hears_counts_and_blobs),
		cmocka_unit_test(hears_when_a_request_is_sent_again),
		cmocka_unit_test(hears_what_is_waited_for),
		cmocka_unit_test(nobody_hears_nothing),
	};

	return cmocka_run_group_tests_name("observer", tests, NULL, NULL);
}
