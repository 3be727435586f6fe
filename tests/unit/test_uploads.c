#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "http/engine.h"
#include "registry/blobs.h"
#include "registry/manifests.h"
#include "registry_room.h"
#include "stream/body.h"
#include "stream/source.h"

#define BLOB "hello"
#define DIGEST "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define PUT_DIGEST \
	"digest=sha256%3a2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 "
#define OTHER_DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000000"
#define HEAD_BLOB "HEAD /v2/app/blobs/" DIGEST " "
#define POST_UPLOAD "POST /v2/app/blobs/uploads/ "
#define ACCEPTED(location) \
	ANSWER("202 Accepted", "Content-Length: 0\r\nLocation: " location "\r\n", "")
#define MISSING EMPTY("404 Not Found")
#define CREATED EMPTY("201 Created")
#define CUT "HTTP/1.1 "

/* How one blob's job ended. */
struct ending {
	bool has_ended;
	enum blob_outcome outcome;
	struct error *failure;
};

static void
on_end(void *context, enum blob_outcome outcome, struct error *failure)
{
	struct ending *ending = context;

	assert_false(ending->has_ended);
	*ending = (struct ending){ true, outcome, failure };
}

static void
drive(struct room *room, struct blob_job *job, struct ending *ending)
{
	AUTO_ERROR struct error *err = NULL;

	assert_non_null(job);
	while (!ending->has_ended)
		assert_int_equal(engine_step(room->engine, 1000, &err), 0);
	blob_job_free(job);
}

static void
put(struct room *room, const char *mount_from, struct ending *ending)
{
	struct source source = source_of_bytes(BLOB, strlen(BLOB));
	struct blob_upload upload = {
		.digest = digest_of(DIGEST_SHA256, BLOB, strlen(BLOB)),
		.size_bytes = strlen(BLOB),
		.source = &source,
		.mount_from = mount_from,
	};
	AUTO_ERROR struct error *err = NULL;

	*ending = (struct ending){ 0 };
	if (!room->registry)
		room_start(room);
	drive(room, registry_put_blob(room->endpoint, &upload, on_end, ending, &err), ending);
}

static void
assert_put(struct room *room, const char *mount_from, enum blob_outcome outcome)
{
	struct ending ending;

	put(room, mount_from, &ending);
	if (ending.failure)
		fail_msg("%s", error_text(ending.failure));
	assert_int_equal(ending.outcome, outcome);
}

static void
assert_not_put(struct room *room, enum error_kind kind, const char *class_name)
{
	struct ending ending;
	AUTO_ERROR struct error *failure = NULL;

	put(room, NULL, &ending);
	failure = ending.failure;
	assert_non_null(failure);
	if (error_kind(failure) != kind)
		fail_msg("%s", error_text(failure));
	if (class_name)
		assert_string_equal(error_class(failure), class_name);
}

/* What a host has shown counts for one run. */
static void
start_afresh(struct room *room)
{
	if (room->registry)
		room_rerun(room);
}

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

static void
get(struct room *room, struct buf *bytes, struct ending *ending)
{
	struct digest digest = digest_of(DIGEST_SHA256, BLOB, strlen(BLOB));
	AUTO_ERROR struct error *err = NULL;
	struct body_buf body;

	body_buf_init(&body, bytes);
	*ending = (struct ending){ 0 };
	if (!room->registry)
		room_start(room);
	drive(room, registry_get_blob(room->endpoint, &digest, &body.body, on_end, ending, &err),
	      ending);
}

#define HELLO ANSWER("200 OK", "Content-Length: 5\r\n", BLOB)

static void
a_blob_that_a_manifest_lists_and_nobody_has_is_content_trouble(void **state)
{
	AUTO_BUF struct buf bytes = BUF_INIT(KIB);
	struct room *room = *state;
	struct ending ending;
	AUTO_ERROR struct error *failure = NULL;

	room_answer(room, JSON("404 Not Found", ERRORS("BLOB_UNKNOWN")));
	get(room, &bytes, &ending);
	failure = ending.failure;
	assert_true(error_is(failure, ERROR_CONTENT));
	assert_string_equal(error_class(failure), "blob_unknown");
	assert_non_null(strstr(error_text(failure), DIGEST));
}

/* Two servers: the room's is the origin. */
struct mirrored {
	struct http_server server;
	char *url;
	const char *urls[2];
	char *host;
	struct registry_mirror mirror;
};

static void
open_mirror(struct room *room, struct mirrored *mirrored)
{
	http_server_start(&mirrored->server);
	mirrored->url = http_server_url(&mirrored->server, "/");
	mirrored->host = xasprintf("127.0.0.1:%u", room->server.port);
	mirrored->urls[0] = mirrored->url;
	mirrored->urls[1] = NULL;
	mirrored->mirror = (struct registry_mirror){ mirrored->host, mirrored->urls };
	room->options.mirrors = &mirrored->mirror;
	room->options.mirror_count = 1;
	room->options.username = "me";
	room->options.password = "pw";
}

static void
close_mirror(struct mirrored *mirrored)
{
	http_server_stop(&mirrored->server);
	free(mirrored->url);
	free(mirrored->host);
}

static void
a_mirror_is_asked_first_and_without_the_flags_password(void **state)
{
	AUTO_BUF struct buf bytes = BUF_INIT(KIB);
	struct room *room = *state;
	struct mirrored mirrored;
	struct ending ending;
	AUTO_FREE char *start = NULL;
	AUTO_FREE char *first = NULL;

	open_mirror(room, &mirrored);
	http_server_answer(&mirrored.server, HELLO);
	get(room, &bytes, &ending);
	assert_null(ending.failure);
	assert_string_equal(bytes.data, BLOB);
	assert_int_equal(room_request_count(room), 0);
	start = xasprintf("GET /v2/app/blobs/" DIGEST "?ns=127.0.0.1%%3a%u ", room->server.port);
	first = http_server_request(&mirrored.server, 0);
	assert_int_equal(strncasecmp(first, start, strlen(start)), 0);
	assert_null(strcasestr(first, "authorization"));
	close_mirror(&mirrored);
}

static void
a_mirror_that_fails_costs_one_request_and_not_the_blob(void **state)
{
	static const char *const failures[] = {
		EMPTY("404 Not Found"),
		EMPTY("503 Service Unavailable"),
		EMPTY("401 Unauthorized"),
		CUT,
	};
	struct room *room = *state;
	struct mirrored mirrored;

	open_mirror(room, &mirrored);
	room_answer(room, HELLO);
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		AUTO_BUF struct buf bytes = BUF_INIT(KIB);
		struct ending ending;

		http_server_answer(&mirrored.server, failures[i]);
		get(room, &bytes, &ending);
		assert_null(ending.failure);
		assert_string_equal(bytes.data, BLOB);
		assert_int_equal(http_server_request_count(&mirrored.server), i + 1);
		assert_int_equal(room_request_count(room), i + 1);
	}
	close_mirror(&mirrored);
}

static void
ask_for(struct room *room, const char *reference, enum presence expected)
{
	AUTO_BUF struct buf bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_DESCRIPTOR struct descriptor descriptor = { 0 };
	AUTO_EVIDENCE struct evidence evidence = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)registry_get_manifest(room->endpoint, reference, &bytes, &descriptor, &evidence,
				    &err);
	assert_int_equal(evidence.presence, expected);
}

static void
a_mirror_answers_for_digests_and_never_for_tags_or_absence(void **state)
{
	struct room *room = *state;
	struct mirrored mirrored;
	struct digest digest = digest_of(DIGEST_SHA256, MANIFEST_TEXT, strlen(MANIFEST_TEXT));

	open_mirror(room, &mirrored);
	http_server_answer(&mirrored.server, MANIFEST(""));
	room_answer(room, JSON("404 Not Found", ERRORS("MANIFEST_UNKNOWN")));
	room_start(room);
	ask_for(room, digest_text(&digest).text, PRESENCE_PRESENT);
	assert_int_equal(http_server_request_count(&mirrored.server), 1);
	assert_int_equal(room_request_count(room), 0);
	ask_for(room, "one", PRESENCE_ABSENT);
	assert_int_equal(http_server_request_count(&mirrored.server), 1);
	assert_int_equal(room_request_count(room), 1);
	ask_for(room, OTHER_DIGEST, PRESENCE_ABSENT);
	assert_int_equal(http_server_request_count(&mirrored.server), 2);
	assert_int_equal(room_request_count(room), 2);
	close_mirror(&mirrored);
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
		IN_ROOM(a_blob_that_a_manifest_lists_and_nobody_has_is_content_trouble),
		IN_ROOM(a_mirror_is_asked_first_and_without_the_flags_password),
		IN_ROOM(a_mirror_that_fails_costs_one_request_and_not_the_blob),
		IN_ROOM(a_mirror_answers_for_digests_and_never_for_tags_or_absence),
	};

	return cmocka_run_group_tests_name("uploads", tests, NULL, NULL);
}
