/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "blob_room.h"
#include "registry/registry_blobs.h"
#include "stream/source.h"

static void
a_blob_that_is_there_is_not_sent(void **state)
{
	struct room *room = *state;

	room_answer(room, EMPTY("200 OK"));
	assert_put(room, "other", BLOB_EXISTED);
	assert_request(room, 0, HEAD_BLOB);
	assert_int_equal(room_request_count(room), 1);
}

struct location {
	const char *answer;
	const char *put;
};

static void
a_session_is_found_however_its_location_is_written(void **state)
{
	static const struct location rows[] = {
		{ ACCEPTED("/v2/app/blobs/uploads/u1"), "PUT /v2/app/blobs/uploads/u1?" },
		{ ACCEPTED("u2"), "PUT /v2/app/blobs/uploads/u2?" },
		{ ACCEPTED("/upload/u3?a=b&c=d%2Fe"), "PUT /upload/u3?a=b&c=d%2Fe&" },
		{ ACCEPTED("http://127.0.0.1:{PORT}/u4?_state=x%3D"), "PUT /u4?_state=x%3D&" },
		{ ACCEPTED("/u5#fragment"), "PUT /u5?" },
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO_FREE char *start = xasprintf("%s%s", rows[i].put, PUT_DIGEST);

		start_afresh(room);
		room_answer(room, MISSING);
		room_answer(room, rows[i].answer);
		room_answer(room, CREATED);
		assert_put(room, NULL, BLOB_MOVED);
		assert_request(room, 3 * i + 1, POST_UPLOAD);
		assert_request(room, 3 * i + 2, start);
		assert_request_has(room, 3 * i + 2, "\r\n\r\n" BLOB);
		assert_request_has(room, 3 * i + 2, "application/octet-stream");
	}
}

static void
a_session_without_a_fit_location_is_refused(void **state)
{
	static const char *const answers[] = {
		EMPTY("202 Accepted"),
		ACCEPTED("ftp://127.0.0.1/x"),
		ACCEPTED("http://me:pw@127.0.0.1/x"),
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		room_answer(room, MISSING);
		room_answer(room, answers[i]);
		assert_not_put(room, ERROR_UNAVAILABLE, "protocol");
		assert_int_equal(room_request_count(room), 2 * (i + 1));
	}
}

static void
a_session_on_another_origin_gets_no_credentials(void **state)
{
	struct room *room = *state;
	struct http_server other;
	AUTO_FREE char *answer = NULL;
	AUTO_FREE char *sent = NULL;

	http_server_start(&other);
	http_server_answer(&other, CREATED);
	answer = xasprintf("HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 0\r\n"
			   "Location: http://127.0.0.1:%u/signed?sig=x\r\n\r\n",
			   other.port);
	room->options.username = "me";
	room->options.password = "pw";
	room_answer(room, ANSWER("401 Unauthorized",
				 "Content-Length: 0\r\nWWW-Authenticate: Basic\r\n", ""));
	room_answer(room, MISSING);
	room_answer(room, answer);
	assert_put(room, NULL, BLOB_MOVED);
	assert_request_has(room, 2, "\r\nAuthorization: Basic ");
	sent = http_server_request(&other, 0);
	assert_non_null(strstr(sent, "PUT /signed?sig=x&"));
	assert_null(strcasestr(sent, "authorization"));
	http_server_stop(&other);
}

static void
a_mount_saves_the_sending(void **state)
{
	struct room *room = *state;

	room_answer(room, MISSING);
	room_answer(room, CREATED);
	assert_put(room, "lib/base", BLOB_MOUNTED);
	assert_request(room, 1,
		       "POST /v2/app/blobs/uploads/?mount=sha256%3a2cf24dba5fb0a30e26e83b2ac5b9e29e"
		       "1b161e5c1fa7425e73043362938b9824&from=lib%2fbase ");
	assert_int_equal(room_request_count(room), 2);
}

static void
a_mount_that_opens_a_session_goes_on_in_it(void **state)
{
	struct room *room = *state;

	room_answer(room, MISSING);
	room_answer(room, ACCEPTED("/u1"));
	room_answer(room, CREATED);
	assert_put(room, "base", BLOB_MOVED);
	assert_request(room, 2, "PUT /u1?" PUT_DIGEST);
	assert_int_equal(room_request_count(room), 3);
}

static void
a_mount_that_is_refused_becomes_an_upload(void **state)
{
	static const char *const refusals[] = {
		MISSING,
		EMPTY("403 Forbidden"),
		EMPTY("405 Method Not Allowed"),
		EMPTY("400 Bad Request"),
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		start_afresh(room);
		room_answer(room, MISSING);
		room_answer(room, refusals[i]);
		room_answer(room, ACCEPTED("/u1"));
		room_answer(room, CREATED);
		assert_put(room, "base", BLOB_MOVED);
		assert_request(room, 4 * i + 2, POST_UPLOAD);
	}
}

static void
a_sending_that_breaks_after_the_commit_is_done(void **state)
{
	struct room *room = *state;

	room_answer(room, MISSING);
	room_answer(room, ACCEPTED("/u1"));
	room_answer(room, CUT);
	room_answer(room, EMPTY("200 OK"));
	assert_put(room, NULL, BLOB_MOVED);
	assert_request(room, 3, HEAD_BLOB);
	assert_int_equal(room_request_count(room), 4);
}

static void
a_sending_that_breaks_before_it_starts_again_where_the_session_is_gone(void **state)
{
	static const char *const breaks[] = {
		CUT,
		EMPTY("503 Service Unavailable"),
	};
	struct room *room = *state;

	for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
		start_afresh(room);
		room_answer(room, MISSING);
		room_answer(room, ACCEPTED("/u1"));
		room_answer(room, breaks[i]);
		room_answer(room, MISSING);
		room_answer(room, MISSING);
		room_answer(room, ACCEPTED("/u2"));
		room_answer(room, CREATED);
		assert_put(room, NULL, BLOB_MOVED);
		assert_request(room, 7 * i + 4, "GET /u1 ");
		assert_request(room, 7 * i + 6, "PUT /u2?");
	}
}

static void
a_sending_is_tried_a_few_times_and_no_more(void **state)
{
	struct room *room = *state;

	for (size_t i = 0; i < ATTEMPTS_LIMIT_COUNT; i++) {
		room_answer(room, MISSING);
		if (i > 0)
			room_answer(room, MISSING);
		room_answer(room, ACCEPTED("/u1"));
		room_answer(room, JSON("503 Service Unavailable", ERRORS("UNAVAILABLE")));
	}
	assert_not_put(room, ERROR_UNAVAILABLE, "server");
	assert_int_equal(room_request_count(room), 4 * ATTEMPTS_LIMIT_COUNT - 1);
}

static void
a_refused_push_sends_no_byte(void **state)
{
	struct room *room = *state;

	room_answer(room, EMPTY("401 Unauthorized"));
	room_answer(room, JSON("403 Forbidden", ERRORS("DENIED")));
	assert_not_put(room, ERROR_DENIED, NULL);
	assert_int_equal(room_request_count(room), 2);
	assert_request(room, 1, POST_UPLOAD);
}

static void
a_full_registry_is_not_asked_again_but_told_to_forget(void **state)
{
	struct room *room = *state;

	room_answer(room, MISSING);
	room_answer(room, ACCEPTED("/u1"));
	room_answer(room, EMPTY("507 Insufficient Storage"));
	room_answer(room, EMPTY("405 Method Not Allowed"));
	assert_not_put(room, ERROR_FAILURE, "quota");
	assert_request(room, 3, "DELETE /u1 ");
	assert_int_equal(room_request_count(room), 4);
}

static void
a_registry_that_stored_something_else_is_told_apart(void **state)
{
	struct room *room = *state;

	room_answer(room, MISSING);
	room_answer(room, ACCEPTED("/u1"));
	room_answer(room,
		    ANSWER("201 Created",
			   "Content-Length: 0\r\nDocker-Content-Digest: " OTHER_DIGEST "\r\n", ""));
	assert_not_put(room, ERROR_CONTENT, "digest");
}

static void
a_source_that_changes_ends_the_session(void **state)
{
	struct room *room = *state;
	struct source shorter = { .fd = -1, .size_bytes = 5 };
	struct blob_upload upload = {
		.digest = digest_of(DIGEST_SHA256, BLOB, strlen(BLOB)),
		.size_bytes = strlen(BLOB),
		.source = &shorter,
	};
	FILE *file = tmpfile();
	AUTO_ERROR struct error *err = NULL;
	struct ending ending = { 0 };

	assert_non_null(file);
	shorter.fd = fileno(file);
	room_answer(room, MISSING);
	room_answer(room, ACCEPTED("/u1"));
	room_answer(room, EMPTY("204 No Content"));
	room_answer(room, EMPTY("204 No Content"));
	room_start(room);
	drive(room, registry_put_blob(room->endpoint, &upload, on_end, &ending, &err), &ending);
	assert_true(error_is(ending.failure, ERROR_CONTENT));
	assert_string_equal(error_class(ending.failure), "source_changed");
	assert_request(room, room_request_count(room) - 1, "DELETE /u1 ");
	error_free(ending.failure);
	(void)fclose(file);
}

static void
a_probe_opens_a_session_and_leaves_none(void **state)
{
	struct room *room = *state;
	AUTO_ERROR struct error *err = NULL;

	room_answer(room, ACCEPTED("/u1"));
	room_answer(room, EMPTY("405 Method Not Allowed"));
	room_answer(room, JSON("403 Forbidden", ERRORS("DENIED")));
	room_start(room);
	assert_int_equal(registry_probe_push(room->endpoint, &err), 0);
	assert_request(room, 1, "DELETE /u1 ");
	assert_int_equal(registry_probe_push(room->endpoint, &err), -1);
	assert_int_equal(error_kind(err), ERROR_DENIED);
	assert_non_null(strstr(error_text(err), "repository:app:pull,push"));
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(a_blob_that_is_there_is_not_sent),
		IN_ROOM(a_session_is_found_however_its_location_is_written),
		IN_ROOM(a_session_without_a_fit_location_is_refused),
		IN_ROOM(a_session_on_another_origin_gets_no_credentials),
		IN_ROOM(a_mount_saves_the_sending),
		IN_ROOM(a_mount_that_opens_a_session_goes_on_in_it),
		IN_ROOM(a_mount_that_is_refused_becomes_an_upload),
		IN_ROOM(a_sending_that_breaks_after_the_commit_is_done),
		IN_ROOM(a_sending_that_breaks_before_it_starts_again_where_the_session_is_gone),
		IN_ROOM(a_sending_is_tried_a_few_times_and_no_more),
		IN_ROOM(a_refused_push_sends_no_byte),
		IN_ROOM(a_full_registry_is_not_asked_again_but_told_to_forget),
		IN_ROOM(a_registry_that_stored_something_else_is_told_apart),
		IN_ROOM(a_source_that_changes_ends_the_session),
		IN_ROOM(a_probe_opens_a_session_and_leaves_none),
	};

	return cmocka_run_group_tests_name("uploads", tests, NULL, NULL);
}
