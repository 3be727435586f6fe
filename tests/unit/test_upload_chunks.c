/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/limits.h"
#include "blob_room.h"
#include "registry/endpoint.h"
#include "registry/host.h"

#define TAKEN(range) \
	ANSWER("202 Accepted", "Content-Length: 0\r\nLocation: /u1\r\nRange: " range "\r\n", "")
#define AT(range) \
	ANSWER("204 No Content", "Content-Length: 0\r\nLocation: /u1\r\nRange: " range "\r\n", "")
#define COMMIT "PUT /u1?" PUT_DIGEST

/* "hello" goes in chunks of two bytes. */
static void
start_small(struct room *room)
{
	start_afresh(room);
	room->endpoint->host->uploads.whole_limit_bytes = 0;
	room->endpoint->host->uploads.chunk_limit_bytes = 2;
	room_answer(room, MISSING);
	room_answer(room, ACCEPTED("/u1"));
}

static void
assert_chunk(struct room *room, size_t index, const char *range, const char *bytes)
{
	char field[64];
	char body[64];

	(void)snprintf(field, sizeof(field), "\r\nContent-Range: %s\r\n", range);
	(void)snprintf(body, sizeof(body), "\r\n\r\n%s", bytes);
	assert_request(room, index, "PATCH /u1 ");
	assert_request_has(room, index, field);
	assert_request_has(room, index, body);
	assert_request_has(room, index, "application/octet-stream");
}

static void
chunks_go_in_order_and_an_empty_put_ends_them(void **state)
{
	struct room *room = *state;

	start_small(room);
	room_answer(room, TAKEN("0-1"));
	room_answer(room, TAKEN("0-3"));
	room_answer(room, TAKEN("0-4"));
	room_answer(room, CREATED);
	assert_put(room, NULL, BLOB_MOVED);
	assert_chunk(room, 2, "0-1", "he");
	assert_chunk(room, 3, "2-3", "ll");
	assert_chunk(room, 4, "4-4", "o");
	assert_request(room, 5, COMMIT);
	assert_request_has(room, 5, "\r\nContent-Length: 0\r\n");
	assert_int_equal(room_request_count(room), 6);
}

static void
a_session_moves_with_each_answer(void **state)
{
	struct room *room = *state;

	start_small(room);
	room->endpoint->host->uploads.chunk_limit_bytes = 4;
	room_answer(room, ACCEPTED("/u2?state=1"));
	room_answer(room, ACCEPTED("/u2?state=2"));
	room_answer(room, CREATED);
	assert_put(room, NULL, BLOB_MOVED);
	assert_request(room, 3, "PATCH /u2?state=1 ");
	assert_request(room, 4, "PUT /u2?state=2&" PUT_DIGEST);
}

static void
the_least_chunk_of_a_registry_is_kept_to(void **state)
{
	struct room *room = *state;

	room_start(room);
	room->endpoint->host->uploads.whole_limit_bytes = 0;
	room->endpoint->host->uploads.chunk_limit_bytes = 2;
	room_answer(room, MISSING);
	room_answer(room, ANSWER("202 Accepted",
				 "Content-Length: 0\r\nLocation: /u1\r\n"
				 "OCI-Chunk-Min-Length: 4\r\n",
				 ""));
	room_answer(room, TAKEN("0-3"));
	room_answer(room, TAKEN("0-4"));
	room_answer(room, CREATED);
	assert_put(room, NULL, BLOB_MOVED);
	assert_chunk(room, 2, "0-3", "hell");
	assert_chunk(room, 3, "4-4", "o");
}

static void
a_chunk_that_breaks_off_goes_on_where_the_session_is(void **state)
{
	static const char *const breaks[] = { CUT, EMPTY("500 Internal Server Error"),
					      EMPTY("429 Too Many Requests") };
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
		start_small(room);
		room_answer(room, TAKEN("0-1"));
		room_answer(room, breaks[i]);
		room_answer(room, AT("0-2"));
		room_answer(room, TAKEN("0-4"));
		room_answer(room, CREATED);
		assert_put(room, NULL, BLOB_MOVED);
		assert_request(room, 7 * i + 4, "GET /u1 ");
		assert_chunk(room, 7 * i + 5, "3-4", "lo");
		assert_request(room, 7 * i + 6, COMMIT);
	}
}

static void
a_whole_blob_that_breaks_off_goes_on_in_chunks(void **state)
{
	struct room *room = *state;

	room_answer(room, MISSING);
	room_answer(room, ACCEPTED("/u1"));
	room_answer(room, CUT);
	room_answer(room, MISSING);
	room_answer(room, AT("0-2"));
	room_answer(room, TAKEN("0-4"));
	room_answer(room, CREATED);
	assert_put(room, NULL, BLOB_MOVED);
	assert_request(room, 2, COMMIT);
	assert_request(room, 3, HEAD_BLOB);
	assert_request(room, 4, "GET /u1 ");
	assert_chunk(room, 5, "3-4", "lo");
	assert_request(room, 6, COMMIT);
}

static void
who_takes_no_chunk_gets_the_blob_whole_again(void **state)
{
	struct room *room = *state;

	room_answer(room, MISSING);
	room_answer(room, ACCEPTED("/u1"));
	room_answer(room, CUT);
	room_answer(room, MISSING);
	room_answer(room, AT("0-2"));
	room_answer(room, EMPTY("405 Method Not Allowed"));
	room_answer(room, MISSING);
	room_answer(room, ACCEPTED("/u1"));
	room_answer(room, CREATED);
	assert_put(room, NULL, BLOB_MOVED);
	assert_request(room, 8, COMMIT);
	assert_request_has(room, 8, "\r\n\r\n" BLOB);
}

static void
a_commit_that_breaks_off_is_sent_again_and_nothing_else(void **state)
{
	struct room *room = *state;

	start_small(room);
	room->endpoint->host->uploads.chunk_limit_bytes = 5;
	room_answer(room, TAKEN("0-4"));
	room_answer(room, EMPTY("504 Gateway Timeout"));
	room_answer(room, MISSING);
	room_answer(room, AT("0-4"));
	room_answer(room, CREATED);
	assert_put(room, NULL, BLOB_MOVED);
	assert_request(room, 6, COMMIT);
	assert_int_equal(room_request_count(room), 7);
}

static void
an_answer_without_a_range_or_with_a_strange_one_is_no_reason_to_doubt(void **state)
{
	static const char *const answers[] = { ACCEPTED("/u1"), TAKEN("2-3"), TAKEN("x") };
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		start_small(room);
		room->endpoint->host->uploads.chunk_limit_bytes = 3;
		room_answer(room, answers[i]);
		room_answer(room, TAKEN("0-4"));
		room_answer(room, CREATED);
		assert_put(room, NULL, BLOB_MOVED);
		assert_chunk(room, 5 * i + 3, "3-4", "lo");
	}
}

static void
a_short_acknowledgement_is_asked_about_and_the_rest_sent_again(void **state)
{
	struct room *room = *state;

	start_small(room);
	room->endpoint->host->uploads.chunk_limit_bytes = 5;
	room_answer(room, TAKEN("0-2"));
	room_answer(room, AT("0-2"));
	room_answer(room, TAKEN("0-4"));
	room_answer(room, CREATED);
	assert_put(room, NULL, BLOB_MOVED);
	assert_request(room, 3, "GET /u1 ");
	assert_chunk(room, 4, "3-4", "lo");
}

static void
a_registry_that_never_keeps_what_it_takes_is_given_up(void **state)
{
	struct room *room = *state;

	start_small(room);
	room_answer(room, AT("0-0")); /* to each PATCH and to each GET */
	assert_not_put(room, ERROR_UNAVAILABLE, "protocol");
	assert_int_equal(room_request_count(room), 2 + 2 * ATTEMPTS_LIMIT_COUNT);
}

static void
a_stale_acknowledgement_that_nobody_explains_is_left_to_the_commit(void **state)
{
	struct room *room = *state;

	start_small(room);
	room->endpoint->host->uploads.chunk_limit_bytes = 5;
	room_answer(room, TAKEN("0-1"));
	room_answer(room, EMPTY("405 Method Not Allowed"));
	room_answer(room, CREATED);
	assert_put(room, NULL, BLOB_MOVED);
	assert_request(room, 4, COMMIT);
}

static void
a_range_that_does_not_go_on_is_put_right(void **state)
{
	struct room *room = *state;

	start_small(room);
	room_answer(room, TAKEN("0-1"));
	room_answer(room, EMPTY("416 Range Not Satisfiable"));
	room_answer(room, AT("0-3"));
	room_answer(room, TAKEN("0-4"));
	room_answer(room, CREATED);
	assert_put(room, NULL, BLOB_MOVED);
	assert_request(room, 4, "GET /u1 ");
	assert_chunk(room, 5, "4-4", "o");
}

static void
a_session_that_is_lost_is_opened_again_once(void **state)
{
	struct room *room = *state;

	start_small(room);
	room_answer(room, TAKEN("0-1"));
	room_answer(room, JSON("404 Not Found", ERRORS("BLOB_UPLOAD_UNKNOWN")));
	room_answer(room, MISSING);
	room_answer(room, ACCEPTED("/u1"));
	room_answer(room, TAKEN("0-1"));
	room_answer(room, JSON("404 Not Found", ERRORS("BLOB_UPLOAD_UNKNOWN")));
	assert_not_put(room, ERROR_UNAVAILABLE, "not_found");
	assert_request(room, 5, POST_UPLOAD);
	assert_chunk(room, 6, "0-1", "he");
	assert_int_equal(room_request_count(room), 8);
}

static void
what_no_chunk_can_satisfy_is_refused_and_the_session_ended(void **state)
{
	struct room *room = *state;

	start_small(room);
	room_answer(room, EMPTY("413 Content Too Large"));
	room_answer(room, EMPTY("204 No Content"));
	assert_not_put(room, ERROR_FAILURE, "quota");
	assert_request(room, 3, "DELETE /u1 ");
}

static void
a_small_blob_goes_with_its_post_where_one_did(void **state)
{
	struct room *room = *state;

	room_start(room);
	room->endpoint->host->uploads.has_opened = true;
	room_answer(room, MISSING);
	room_answer(room, CREATED);
	room_answer(room, MISSING);
	room_answer(room, CREATED);
	assert_put(room, NULL, BLOB_MOVED);
	assert_put(room, NULL, BLOB_MOVED);
	assert_request(room, 1, "POST /v2/app/blobs/uploads/?" PUT_DIGEST);
	assert_request_has(room, 1, "\r\n\r\n" BLOB);
	assert_int_equal(room_request_count(room), 4);
}

static void
who_takes_no_post_with_a_body_sees_one(void **state)
{
	static const char *const answers[] = { ACCEPTED("/u1"), EMPTY("400 Bad Request"), CUT };
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		size_t before = room_request_count(room);

		start_afresh(room);
		room->endpoint->host->uploads.has_opened = true;
		room_answer(room, MISSING);
		room_answer(room, answers[i]);
		if (i > 0)
			room_answer(room, ACCEPTED("/u1"));
		room_answer(room, CREATED);
		room_answer(room, MISSING);
		room_answer(room, ACCEPTED("/u1"));
		room_answer(room, CREATED);
		assert_put(room, NULL, BLOB_MOVED);
		assert_put(room, NULL, BLOB_MOVED);
		assert_request(room, room_request_count(room) - 2, POST_UPLOAD);
		assert_int_equal(room_request_count(room) - before, i > 0 ? 7 : 6);
	}
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(chunks_go_in_order_and_an_empty_put_ends_them),
		IN_ROOM(a_session_moves_with_each_answer),
		IN_ROOM(the_least_chunk_of_a_registry_is_kept_to),
		IN_ROOM(a_chunk_that_breaks_off_goes_on_where_the_session_is),
		IN_ROOM(a_whole_blob_that_breaks_off_goes_on_in_chunks),
		IN_ROOM(who_takes_no_chunk_gets_the_blob_whole_again),
		IN_ROOM(a_commit_that_breaks_off_is_sent_again_and_nothing_else),
		IN_ROOM(an_answer_without_a_range_or_with_a_strange_one_is_no_reason_to_doubt),
		IN_ROOM(a_short_acknowledgement_is_asked_about_and_the_rest_sent_again),
		IN_ROOM(a_registry_that_never_keeps_what_it_takes_is_given_up),
		IN_ROOM(a_stale_acknowledgement_that_nobody_explains_is_left_to_the_commit),
		IN_ROOM(a_range_that_does_not_go_on_is_put_right),
		IN_ROOM(a_session_that_is_lost_is_opened_again_once),
		IN_ROOM(what_no_chunk_can_satisfy_is_refused_and_the_session_ended),
		IN_ROOM(a_small_blob_goes_with_its_post_where_one_did),
		IN_ROOM(who_takes_no_post_with_a_body_sees_one),
	};

	return cmocka_run_group_tests_name("upload_chunks", tests, NULL, NULL);
}
