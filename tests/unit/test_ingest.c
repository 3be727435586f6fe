/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "store/ingest.h"
#include "store/store.h"
#include "store_room.h"
#include "stream/body.h"

static const char hello[] = "hello, world";

/* Opens an ingest of `text`; NULL unless there is something to fill. */
static struct ingest *
start(struct store *store, const char *text, enum ingest_state expected)
{
	struct descriptor blob = blob_of(text);
	struct ingest *ingest = NULL;
	enum ingest_state state = INGEST_BUSY;
	AUTO_ERROR struct error *err = NULL;
	int ret = ingest_open(store, &blob, &state, &ingest, &err);

	if (ret < 0)
		fail_msg("%s", error_text(err));
	assert_int_equal(state, expected);
	return ingest;
}

static int
feed(struct ingest *ingest, uint64_t offset, const char *bytes, struct error **err)
{
	struct body *body = ingest_body(ingest);

	if (body_begin(body, offset, err) < 0)
		return -1;
	return body_write(body, bytes, strlen(bytes), err);
}

static void
assert_fed(struct ingest *ingest, uint64_t offset, const char *bytes)
{
	AUTO_ERROR struct error *err = NULL;

	if (feed(ingest, offset, bytes, &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
assert_ended(struct ingest *ingest)
{
	AUTO_ERROR struct error *err = NULL;

	if (body_end(ingest_body(ingest), &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
assert_refused(int ret, struct error **err, const char *class_name)
{
	assert_int_equal(ret, -1);
	assert_int_equal(error_kind(*err), ERROR_CONTENT);
	assert_string_equal(error_class(*err), class_name);
}

static void
assert_committed(struct store *store)
{
	AUTO_ERROR struct error *err = NULL;

	if (store_commit(store, &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
is_visible_after_the_commit_alone(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *path = path_of("store", hello);
	AUTO_INGEST struct ingest *ingest = start(store, hello, INGEST_OPEN);

	(void)state;
	assert_fed(ingest, 0, hello);
	assert_false(is_there(path));
	assert_ended(ingest);
	assert_false(is_there(path));
	assert_committed(store);
	assert_holds(path, hello);
}

static void
what_an_earlier_run_left_is_not_asked_for_again(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct ingest *first = start(store, hello, INGEST_OPEN);
	AUTO_INGEST struct ingest *second = NULL;
	struct body_range wanted;

	(void)state;
	assert_fed(first, 0, "hello");
	ingest_free(first);
	second = start(store, hello, INGEST_OPEN);
	wanted = body_wanted(ingest_body(second));
	assert_int_equal(ingest_reused_bytes(second), 5);
	assert_int_equal(wanted.first, 5);
	assert_int_equal(wanted.end, strlen(hello));
	assert_fed(second, 5, ", world");
	assert_true(body_is_complete(ingest_body(second)));
	assert_ended(second);
	assert_committed(store);
}

static void
a_server_without_ranges_sends_it_again_and_it_is_taken_once(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_INGEST struct ingest *ingest = start(store, hello, INGEST_OPEN);

	(void)state;
	assert_fed(ingest, 0, "hello");
	assert_fed(ingest, 3, "lo, ");
	assert_fed(ingest, 0, "he");
	assert_fed(ingest, 0, hello);
	assert_ended(ingest);
}

static void
assert_fed_ahead(struct ingest *ingest, uint64_t offset, const char *bytes)
{
	struct body *body = ingest_body(ingest);
	AUTO_ERROR struct error *err = NULL;

	if (body->ops->write_at(body, offset, bytes, strlen(bytes), &err) < 0)
		fail_msg("%s", error_text(err));
}

static void
bytes_that_come_ahead_are_not_asked_for_again(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_INGEST struct ingest *ingest = start(store, hello, INGEST_OPEN);
	struct body *body = ingest_body(ingest);

	(void)state;
	assert_fed_ahead(ingest, 9, "rl");
	assert_fed_ahead(ingest, 4, "o,");
	assert_fed_ahead(ingest, 6, " w");
	assert_int_equal(body_wanted(body).first, 0);
	assert_fed(ingest, 0, "hell");
	assert_int_equal(body_wanted(body).first, 8);
	assert_fed(ingest, 8, "o");
	assert_int_equal(body_wanted(body).first, 11);
	/* The bytes that are there already are read over. */
	assert_fed(ingest, 0, "xxxxxxxxxxxd");
	assert_true(body_is_complete(body));
	assert_ended(ingest);
}

/* They may be hashed already: others in their place would come to stand under that digest. */
static void
bytes_ahead_do_not_replace_those_that_are_there(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *part = part_of("store", hello);
	AUTO_INGEST struct ingest *ingest = start(store, hello, INGEST_OPEN);

	(void)state;
	assert_fed(ingest, 0, "hello");
	assert_fed_ahead(ingest, 3, "xx, world");
	assert_holds(part, hello);
	assert_true(body_is_complete(ingest_body(ingest)));
	assert_ended(ingest);
}

static void
bytes_ahead_past_the_end_are_refused(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_INGEST struct ingest *ingest = start(store, hello, INGEST_OPEN);
	struct body *body = ingest_body(ingest);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_refused(body->ops->write_at(body, 11, "d!", 2, &err), &err, "size");
}

static void
of_what_came_ahead_an_earlier_run_leaves_what_has_no_hole_before_it(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *part = part_of("store", hello);
	struct ingest *ingest = start(store, hello, INGEST_OPEN);

	(void)state;
	assert_fed(ingest, 0, "he");
	assert_fed_ahead(ingest, 9, "rld");
	ingest_free(ingest);
	assert_holds(part, "he");
}

static void
a_part_with_a_hole_goes_on_before_the_hole(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor blob = blob_of(hello);
	enum ingest_state ingest_state = INGEST_BUSY;
	AUTO_FREE char *part = part_of("store", hello);
	AUTO_FREE char *script = xasprintf("mkdir -p store/.ocifp/ingest; head -c 5M /dev/urandom "
					   ">%s; truncate -s 15M %s; echo >>%s",
					   part, part, part);
	AUTO_INGEST struct ingest *ingest = NULL;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	run(script);
	blob.size_bytes = 32 * MIB;
	assert_int_equal(ingest_open(store, &blob, &ingest_state, &ingest, &err), 0);
	assert_int_equal(ingest_state, INGEST_OPEN);
	assert_int_equal(ingest_reused_bytes(ingest), 5 * MIB - HOLE_MARGIN_BYTES);
	assert_int_equal(body_wanted(ingest_body(ingest)).first, 5 * MIB - HOLE_MARGIN_BYTES);
}

static void
a_complete_part_is_checked_and_not_fetched(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *part = part_of("store", hello);
	AUTO_FREE char *path = path_of("store", hello);

	(void)state;
	run("mkdir -p store/.ocifp/ingest");
	put_file(part, hello);
	assert_null(start(store, hello, INGEST_PRESENT));
	assert_false(is_there(path));
	assert_committed(store);
	assert_holds(path, hello);
}

static void
a_damaged_complete_part_starts_over(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *part = part_of("store", hello);
	AUTO_INGEST struct ingest *ingest = NULL;

	(void)state;
	run("mkdir -p store/.ocifp/ingest");
	put_file(part, "hello, wOrld");
	ingest = start(store, hello, INGEST_OPEN);
	assert_int_equal(body_wanted(ingest_body(ingest)).first, 0);
	assert_int_equal(ingest_reused_bytes(ingest), 0);
	assert_fed(ingest, 0, hello);
	assert_ended(ingest);
}

static void
a_part_that_is_too_long_starts_over(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *part = part_of("store", hello);
	AUTO_INGEST struct ingest *ingest = NULL;

	(void)state;
	run("mkdir -p store/.ocifp/ingest");
	put_file(part, "hello, world and more");
	ingest = start(store, hello, INGEST_OPEN);
	assert_int_equal(body_wanted(ingest_body(ingest)).first, 0);
	assert_fed(ingest, 0, hello);
	assert_ended(ingest);
}

static void
wrong_bytes_never_commit_and_may_be_fetched_once_more(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *path = path_of("store", hello);
	AUTO_INGEST struct ingest *ingest = start(store, hello, INGEST_OPEN);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_fed(ingest, 0, "hello, wOrld");
	assert_refused(body_end(ingest_body(ingest), &err), &err, "digest");
	assert_committed(store);
	assert_false(is_there(path));
	assert_int_equal(body_wanted(ingest_body(ingest)).first, 0);
	assert_fed(ingest, 0, hello);
	assert_ended(ingest);
	assert_committed(store);
	assert_holds(path, hello);
}

static void
a_byte_too_many_is_refused(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *part = part_of("store", hello);
	AUTO_INGEST struct ingest *ingest = start(store, hello, INGEST_OPEN);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_fed(ingest, 0, hello);
	assert_refused(body_write(ingest_body(ingest), "!", 1, &err), &err, "size");
	assert_holds(part, "");
}

static void
an_end_before_all_were_there_is_refused(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_INGEST struct ingest *ingest = start(store, hello, INGEST_OPEN);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_fed(ingest, 0, "hello, worl");
	assert_refused(body_end(ingest_body(ingest), &err), &err, "size");
}

static void
a_response_that_leaves_a_gap_is_refused(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_INGEST struct ingest *ingest = start(store, hello, INGEST_OPEN);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_fed(ingest, 0, "hello");
	assert_refused(body_begin(ingest_body(ingest), 6, &err), &err, "range");
}

static void
an_empty_blob_needs_no_download(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *path = path_of("store", "");

	(void)state;
	assert_null(start(store, "", INGEST_PRESENT));
	assert_committed(store);
	assert_holds(path, "");
}

static void
an_empty_blob_with_another_digest_is_refused(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor blob = blob_of(hello);
	struct ingest *ingest = NULL;
	enum ingest_state ingest_state;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	blob.size_bytes = 0;
	assert_refused(ingest_open(store, &blob, &ingest_state, &ingest, &err), &err, "digest");
}

static void
sha512_goes_to_a_folder_of_its_own(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	struct descriptor blob = { .digest = digest_of(DIGEST_SHA512, hello, strlen(hello)),
				   .size_bytes = strlen(hello) };
	AUTO_INGEST struct ingest *ingest = NULL;
	enum ingest_state ingest_state;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(ingest_open(store, &blob, &ingest_state, &ingest, &err), 0);
	assert_fed(ingest, 0, hello);
	assert_ended(ingest);
	assert_committed(store);
	assert_true(store_has(store, &blob.digest, blob.size_bytes));
	run("test $(ls store/blobs/sha512 | wc -l) = 1");
}

static void
the_same_blob_twice_is_busy_while_open_and_present_once_finished(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_INGEST struct ingest *ingest = start(store, hello, INGEST_OPEN);

	(void)state;
	assert_null(start(store, hello, INGEST_BUSY));
	assert_fed(ingest, 0, hello);
	assert_ended(ingest);
	assert_null(start(store, hello, INGEST_PRESENT));
}

static void
a_blob_that_another_holds_is_busy_until_it_commits(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_STORE struct store *other = open_store("store");
	AUTO_INGEST struct ingest *ingest = start(other, hello, INGEST_OPEN);

	(void)state;
	assert_fed(ingest, 0, hello);
	assert_ended(ingest);
	assert_null(start(store, hello, INGEST_BUSY));
	assert_committed(other);
	assert_null(start(store, hello, INGEST_PRESENT));
}

static void
two_that_wait_for_each_other_both_go_on(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_STORE struct store *other = open_store("store");
	AUTO_INGEST struct ingest *ours = start(store, "ours", INGEST_OPEN);
	AUTO_INGEST struct ingest *theirs = start(other, "theirs", INGEST_OPEN);

	(void)state;
	assert_fed(ours, 0, "ours");
	assert_ended(ours);
	assert_fed(theirs, 0, "theirs");
	assert_ended(theirs);
	assert_null(start(store, "theirs", INGEST_BUSY));
	assert_null(start(other, "ours", INGEST_PRESENT));
	assert_committed(other);
	assert_null(start(store, "theirs", INGEST_PRESENT));
}

static void
waiting_for_a_blob_ends_after_the_lock_timeout(void **state)
{
	const struct store_options impatient = { .lock_timeout_ms = 50 };
	AUTO_STORE struct store *other = create_store("store");
	AUTO_ERROR struct error *err = NULL;
	AUTO_STORE struct store *store = store_open("store", STORE_WRITE, &impatient, &err);
	AUTO_INGEST struct ingest *theirs = start(other, hello, INGEST_OPEN);
	AUTO_INGEST struct ingest *ours = start(store, "ours", INGEST_OPEN);
	struct descriptor blob = blob_of(hello);
	struct ingest *ingest = NULL;
	enum ingest_state ingest_state;

	(void)state;
	assert_null(start(store, hello, INGEST_BUSY));
	(void)usleep(60000);
	assert_fed(ours, 0, "ou");
	assert_null(start(store, hello, INGEST_BUSY));
	(void)usleep(60000);
	assert_int_equal(ingest_open(store, &blob, &ingest_state, &ingest, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_string_equal(error_class(err), "lock");
}

static void
an_ingest_that_got_nothing_leaves_nothing(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *part = part_of("store", hello);

	(void)state;
	ingest_free(start(store, hello, INGEST_OPEN));
	assert_false(is_there(part));
}

static void
a_planted_link_is_refused_and_its_target_left_alone(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_FREE char *part = part_of("store", hello);
	struct descriptor blob = blob_of(hello);
	struct ingest *ingest = NULL;
	enum ingest_state ingest_state;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	put_file("target", "precious");
	run("mkdir -p store/.ocifp/ingest");
	assert_int_equal(symlink("../../../target", part), 0);
	assert_int_equal(ingest_open(store, &blob, &ingest_state, &ingest, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_holds("target", "precious");
}

static void
a_store_opened_for_reading_takes_none(void **state)
{
	AUTO_STORE struct store *store = NULL;
	struct descriptor blob = blob_of(hello);
	struct ingest *ingest = NULL;
	enum ingest_state ingest_state;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	store_free(create_store("store"));
	store = store_open("store", STORE_READ, NULL, &err);
	assert_non_null(store);
	assert_int_equal(ingest_open(store, &blob, &ingest_state, &ingest, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_false(is_there("store/.ocifp"));
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(is_visible_after_the_commit_alone),
		IN_ROOM(what_an_earlier_run_left_is_not_asked_for_again),
		IN_ROOM(a_server_without_ranges_sends_it_again_and_it_is_taken_once),
		IN_ROOM(bytes_that_come_ahead_are_not_asked_for_again),
		IN_ROOM(bytes_ahead_do_not_replace_those_that_are_there),
		IN_ROOM(bytes_ahead_past_the_end_are_refused),
		IN_ROOM(of_what_came_ahead_an_earlier_run_leaves_what_has_no_hole_before_it),
		IN_ROOM(a_part_with_a_hole_goes_on_before_the_hole),
		IN_ROOM(a_complete_part_is_checked_and_not_fetched),
		IN_ROOM(a_damaged_complete_part_starts_over),
		IN_ROOM(a_part_that_is_too_long_starts_over),
		IN_ROOM(wrong_bytes_never_commit_and_may_be_fetched_once_more),
		IN_ROOM(a_byte_too_many_is_refused),
		IN_ROOM(an_end_before_all_were_there_is_refused),
		IN_ROOM(a_response_that_leaves_a_gap_is_refused),
		IN_ROOM(an_empty_blob_needs_no_download),
		IN_ROOM(an_empty_blob_with_another_digest_is_refused),
		IN_ROOM(sha512_goes_to_a_folder_of_its_own),
		IN_ROOM(the_same_blob_twice_is_busy_while_open_and_present_once_finished),
		IN_ROOM(a_blob_that_another_holds_is_busy_until_it_commits),
		IN_ROOM(two_that_wait_for_each_other_both_go_on),
		IN_ROOM(waiting_for_a_blob_ends_after_the_lock_timeout),
		IN_ROOM(an_ingest_that_got_nothing_leaves_nothing),
		IN_ROOM(a_planted_link_is_refused_and_its_target_left_alone),
		IN_ROOM(a_store_opened_for_reading_takes_none),
	};

	return cmocka_run_group_tests_name("ingest", tests, NULL, NULL);
}
