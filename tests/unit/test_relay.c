/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "stream/body.h"
#include "stream/relay.h"

static const char text[] = "0123456789";

/* Who brings the content. */
struct supply {
	unsigned starts;
	bool fails;
	bool can_be_cancelled;
	struct body *body;
};

static int
start(void *context, struct body *body, struct error **err)
{
	struct supply *supply = context;

	if (supply->fails)
		return error_set(err, ERROR_DENIED, "no");
	supply->starts++;
	supply->body = body;
	return 0;
}

static bool
cancel(void *context)
{
	const struct supply *supply = context;

	return supply->can_be_cancelled;
}

static struct relay *
relay_of(const char *bytes, uint64_t size, struct supply *supply)
{
	static const struct relay_arrival arrival = { start, cancel };
	struct digest digest = digest_of(DIGEST_SHA256, bytes, size);

	return relay_new(&digest, size, &arrival, supply);
}

/* What a read at `at` gives: text, "" for not yet. */
static void
assert_reads(struct relay *relay, uint64_t at, const char *expected)
{
	struct source source = relay_source(relay);
	AUTO_ERROR struct error *err = NULL;
	char bytes[16] = "";
	size_t size = 99;

	if (source_read(&source, at, bytes, 10, &size, &err) < 0)
		fail_msg("%s", error_text(err));
	assert_int_equal(size, strlen(expected));
	assert_string_equal(bytes, expected);
	assert_int_equal(source.flow->is_ready(source.flow), size > 0);
}

static void
assert_read_fails(struct relay *relay, uint64_t at, enum error_kind kind)
{
	struct source source = relay_source(relay);
	AUTO_ERROR struct error *err = NULL;
	char bytes[16];
	size_t size = 99;

	assert_int_equal(source_read(&source, at, bytes, 10, &size, &err), -1);
	assert_int_equal(error_kind(err), kind);
}

static void
bring(struct supply *supply, const char *bytes)
{
	AUTO_ERROR struct error *err = NULL;

	if (body_write(supply->body, bytes, strlen(bytes), &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
begin(struct supply *supply, uint64_t offset)
{
	assert_int_equal(body_begin(supply->body, offset, NULL), 0);
}

static void
end(struct relay *relay, struct supply *supply)
{
	assert_int_equal(body_end(supply->body, NULL), 0);
	relay_arrived(relay, NULL);
}

static void
assert_wants(const struct supply *supply, uint64_t first)
{
	assert_int_equal(body_wanted(supply->body).first, first);
	assert_int_equal(body_wanted(supply->body).end, strlen(text));
}

static void
nothing_is_asked_for_before_it_is_read(void **state)
{
	struct supply supply = { 0 };
	AUTO_RELAY struct relay *relay = relay_of(text, strlen(text), &supply);

	(void)state;
	assert_int_equal(supply.starts, 0);
	assert_reads(relay, 0, "");
	assert_reads(relay, 0, "");
	assert_int_equal(supply.starts, 1);
	assert_wants(&supply, 0);
}

static void
what_arrives_is_read_as_it_comes(void **state)
{
	struct supply supply = { 0 };
	AUTO_RELAY struct relay *relay = relay_of(text, strlen(text), &supply);

	(void)state;
	assert_reads(relay, 0, "");
	begin(&supply, 0);
	bring(&supply, "0123");
	assert_reads(relay, 0, "0123");
	assert_reads(relay, 4, "");
	bring(&supply, "456789");
	end(relay, &supply);
	assert_reads(relay, 4, "456789");
	assert_int_equal(supply.starts, 1);
}

static void
an_arrival_that_breaks_off_goes_on_where_it_was(void **state)
{
	struct supply supply = { 0 };
	AUTO_RELAY struct relay *relay = relay_of(text, strlen(text), &supply);

	(void)state;
	assert_reads(relay, 0, "");
	begin(&supply, 0);
	bring(&supply, "0123");
	assert_wants(&supply, 4);
	begin(&supply, 4);
	bring(&supply, "45");
	/* And from the start where a server knows no ranges. */
	begin(&supply, 0);
	bring(&supply, "01234567");
	bring(&supply, "89");
	end(relay, &supply);
	assert_reads(relay, 0, text);
}

static void
a_sender_may_go_back_to_what_is_still_held(void **state)
{
	struct supply supply = { 0 };
	AUTO_RELAY struct relay *relay = relay_of(text, strlen(text), &supply);

	(void)state;
	assert_reads(relay, 0, "");
	begin(&supply, 0);
	bring(&supply, "01234567");
	assert_reads(relay, 0, "01234567");
	assert_reads(relay, 2, "234567");
	assert_int_equal(supply.starts, 1);
}

static void
behind_that_all_of_it_arrives_anew_for_the_check(void **state)
{
	struct supply supply = { 0 };
	AUTO_RELAY struct relay *relay = relay_of(text, strlen(text), &supply);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_reads(relay, 0, "");
	begin(&supply, 0);
	bring(&supply, "0123");
	assert_reads(relay, 4, "");
	bring(&supply, "45678"); /* for which 0 to 3 had to go */
	assert_reads(relay, 2, "");
	/* The first arrival learns that it is over. */
	assert_true(body_has_room(supply.body));
	assert_int_equal(body_write(supply.body, "9", 1, &err), -1);
	relay_arrived(relay, TAKE_PTR(err));
	assert_int_equal(supply.starts, 2);
	assert_wants(&supply, 0);
	begin(&supply, 0);
	bring(&supply, "01");
	assert_reads(relay, 2, "");
	bring(&supply, "23456789");
	end(relay, &supply);
	assert_reads(relay, 2, "23456789");
}

static void
a_sender_may_start_in_the_middle(void **state)
{
	struct supply supply = { 0 };
	AUTO_RELAY struct relay *relay = relay_of(text, strlen(text), &supply);

	(void)state;
	assert_reads(relay, 6, "");
	begin(&supply, 0);
	bring(&supply, text);
	assert_reads(relay, 6, "6789");
}

static void
wrong_content_is_never_handed_on_whole(void **state)
{
	struct supply supply = { 0 };
	AUTO_RELAY struct relay *relay = relay_of(text, strlen(text), &supply);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_reads(relay, 0, "");
	begin(&supply, 0);
	bring(&supply, "01234x");
	assert_reads(relay, 0, "01234x");
	assert_int_equal(body_write(supply.body, "6789", 4, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_string_equal(error_class(err), "digest");
	relay_arrived(relay, TAKE_PTR(err));
	assert_read_fails(relay, 6, ERROR_CONTENT);
	/* The next read may have better luck, from the start. */
	assert_reads(relay, 0, "");
	begin(&supply, 0);
	bring(&supply, text);
	assert_reads(relay, 0, text);
}

static void
another_size_than_announced_is_refused(void **state)
{
	struct supply supply = { 0 };
	AUTO_RELAY struct relay *relay = relay_of(text, strlen(text), &supply);
	AUTO_ERROR struct error *early = NULL;
	AUTO_ERROR struct error *late = NULL;

	(void)state;
	assert_reads(relay, 0, "");
	begin(&supply, 0);
	bring(&supply, "012345678");
	assert_int_equal(body_end(supply.body, &early), -1);
	assert_string_equal(error_class(early), "size");
	assert_int_equal(body_write(supply.body, "9x", 2, &late), -1);
	assert_string_equal(error_class(late), "size");
}

static void
an_arrival_that_cannot_start_is_the_readers_failure(void **state)
{
	struct supply supply = { .fails = true };
	AUTO_RELAY struct relay *relay = relay_of(text, strlen(text), &supply);

	(void)state;
	assert_read_fails(relay, 0, ERROR_DENIED);
	assert_false(relay_is_arriving(relay));
}

static void
what_nobody_reads_any_more_ends_at_its_next_byte(void **state)
{
	struct supply supply = { 0 };
	AUTO_RELAY struct relay *relay = relay_of(text, strlen(text), &supply);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_reads(relay, 0, "");
	begin(&supply, 0);
	relay_abandon(relay);
	assert_true(relay_is_arriving(relay));
	assert_true(body_has_room(supply.body));
	assert_int_equal(body_write(supply.body, "0", 1, &err), -1);
	relay_arrived(relay, TAKE_PTR(err));
	assert_false(relay_is_arriving(relay));
	assert_int_equal(supply.starts, 1);
}

static void
what_nobody_reads_any_more_is_cancelled_where_it_can_be(void **state)
{
	struct supply supply = { .can_be_cancelled = true };
	AUTO_RELAY struct relay *relay = relay_of(text, strlen(text), &supply);

	(void)state;
	assert_reads(relay, 0, "");
	relay_abandon(relay);
	assert_false(relay_is_arriving(relay));
}

/* Content of `size` bytes, brought and read `step` at a time; what is held stays bounded. */
static void
a_full_buffer_has_no_room_until_it_is_read(void **state)
{
	const size_t size = 4 * RELAY_BUFFER_BYTES;
	AUTO_FREE char *bytes = xcalloc(1, size);
	AUTO_FREE char *read = xcalloc(1, size);
	struct supply supply = { 0 };
	AUTO_RELAY struct relay *relay = relay_of(bytes, size, &supply);
	struct source source = relay_source(relay);
	uint64_t brought = 0;
	uint64_t done = 0;
	size_t got;

	(void)state;
	assert_int_equal(source_read(&source, 0, read, 1, &got, NULL), 0);
	begin(&supply, 0);
	while (done < size) {
		while (brought < size && body_has_room(supply.body)) {
			assert_int_equal(body_write(supply.body, bytes, 16 * KIB, NULL), 0);
			brought += 16 * KIB;
			assert_true(brought - done <= RELAY_BUFFER_BYTES);
		}
		assert_int_equal(source_read(&source, done, read, 64 * KIB, &got, NULL), 0);
		assert_true(got > 0);
		done += got;
		assert_int_equal(source_read(&source, done, read, 1, &got, NULL), 0);
	}
	assert_memory_equal(bytes, read, size);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_asked_for_before_it_is_read),
		cmocka_unit_test(what_arrives_is_read_as_it_comes),
		cmocka_unit_test(an_arrival_that_breaks_off_goes_on_where_it_was),
		cmocka_unit_test(a_sender_may_go_back_to_what_is_still_held),
		cmocka_unit_test(behind_that_all_of_it_arrives_anew_for_the_check),
		cmocka_unit_test(a_sender_may_start_in_the_middle),
		cmocka_unit_test(wrong_content_is_never_handed_on_whole),
		cmocka_unit_test(another_size_than_announced_is_refused),
		cmocka_unit_test(an_arrival_that_cannot_start_is_the_readers_failure),
		cmocka_unit_test(what_nobody_reads_any_more_ends_at_its_next_byte),
		cmocka_unit_test(what_nobody_reads_any_more_is_cancelled_where_it_can_be),
		cmocka_unit_test(a_full_buffer_has_no_room_until_it_is_read),
	};

	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
