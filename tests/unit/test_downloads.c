/* SPDX-License-Identifier: Apache-2.0 */
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
#include "blob_room.h"
#include "registry/manifests.h"
#include "registry/registry_blobs.h"
#include "stream/body.h"

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
	char *host;
	struct registry_mirror mirror;
};

static void
open_mirror(struct room *room, struct mirrored *mirrored)
{
	http_server_start(&mirrored->server);
	mirrored->url = http_server_url(&mirrored->server, "/");
	mirrored->host = xasprintf("127.0.0.1:%u", room->server.port);
	mirrored->mirror = (struct registry_mirror){ mirrored->host, mirrored->url, false };
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

/* Gets the blob twice from a mirror that fails, in one run.  Returns how often the mirror was
 * asked; the origin gives the blob each time. */
static size_t
ask_failing_mirror(struct room *room, const char *answer)
{
	struct mirrored mirrored;
	size_t asked;

	open_mirror(room, &mirrored);
	room_answer(room, HELLO);
	http_server_answer(&mirrored.server, answer);
	for (size_t i = 0; i < 2; i++) {
		AUTO_BUF struct buf bytes = BUF_INIT(KIB);
		struct ending ending;

		get(room, &bytes, &ending);
		assert_null(ending.failure);
		assert_string_equal(bytes.data, BLOB);
		assert_int_equal(room_request_count(room), i + 1);
	}
	asked = http_server_request_count(&mirrored.server);
	close_mirror(&mirrored);
	return asked;
}

static void
a_mirror_that_lacks_a_blob_is_asked_for_the_next(void **state)
{
	assert_int_equal(ask_failing_mirror(*state, EMPTY("404 Not Found")), 2);
}

static void
a_mirror_that_cannot_serve_is_asked_once(void **state)
{
	assert_int_equal(ask_failing_mirror(*state, EMPTY("503 Service Unavailable")), 1);
}

static void
a_mirror_that_refuses_is_asked_once(void **state)
{
	assert_int_equal(ask_failing_mirror(*state, EMPTY("401 Unauthorized")), 1);
}

static void
a_mirror_that_ends_the_connection_is_asked_once(void **state)
{
	assert_int_equal(ask_failing_mirror(*state, CUT), 1);
}

/* What is asked of a mirror once has its token asked for once. */
static void
a_mirror_whose_token_server_fails_costs_two_requests(void **state)
{
	AUTO_BUF struct buf bytes = BUF_INIT(KIB);
	struct room *room = *state;
	struct mirrored mirrored;
	struct ending ending;

	open_mirror(room, &mirrored);
	room_answer(room, HELLO);
	http_server_answer(&mirrored.server, CHALLENGE(""));
	http_server_answer(&mirrored.server, EMPTY("503 Service Unavailable"));
	get(room, &bytes, &ending);
	assert_null(ending.failure);
	assert_string_equal(bytes.data, BLOB);
	assert_int_equal(http_server_request_count(&mirrored.server), 2);
	assert_int_equal(room_request_count(room), 1);
	close_mirror(&mirrored);
}

static void
ask_for(struct room *room, const char *reference, enum presence expected)
{
	AUTO_RESOLUTION struct resolution found = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct digest digest;

	(void)registry_get_manifest(room->endpoint, reference, room_digest(reference, &digest),
				    &found, &err);
	assert_int_equal(found.evidence.presence, expected);
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
	assert_int_equal(room_request_count(room), 2);
	ask_for(room, OTHER_DIGEST, PRESENCE_ABSENT);
	assert_int_equal(http_server_request_count(&mirrored.server), 2);
	assert_int_equal(room_request_count(room), 3);
	close_mirror(&mirrored);
}

/* Then a pull-through cache keeps the image. */
static void
the_origin_tells_the_digest_and_the_mirror_gives_the_manifest(void **state)
{
	struct room *room = *state;
	struct mirrored mirrored;
	AUTO_FREE char *asked = NULL;
	AUTO_FREE char *got = NULL;
	struct digest digest = digest_of(DIGEST_SHA256, MANIFEST_TEXT, strlen(MANIFEST_TEXT));
	AUTO_FREE char *found = xasprintf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n"
					  "Docker-Content-Digest: %s\r\n\r\n",
					  strlen(MANIFEST_TEXT), digest_text(&digest).text);
	AUTO_FREE char *expected =
		xasprintf("GET /v2/below/here/app/manifests/%s?ns=", digest_text(&digest).text);

	open_mirror(room, &mirrored);
	free(mirrored.url);
	mirrored.url = http_server_url(&mirrored.server, "/below/here/");
	mirrored.mirror.url = mirrored.url;
	http_server_answer(&mirrored.server, MANIFEST(""));
	room_answer(room, found);
	room_start(room);
	ask_for(room, "one", PRESENCE_PRESENT);
	assert_int_equal(room_request_count(room), 1);
	asked = http_server_request(&room->server, 0);
	got = http_server_request(&mirrored.server, 0);
	assert_memory_equal(asked, "HEAD ", 5);
	assert_memory_equal(got, expected, strlen(expected));
	close_mirror(&mirrored);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(a_blob_that_a_manifest_lists_and_nobody_has_is_content_trouble),
		IN_ROOM(a_mirror_is_asked_first_and_without_the_flags_password),
		IN_ROOM(a_mirror_that_lacks_a_blob_is_asked_for_the_next),
		IN_ROOM(a_mirror_that_cannot_serve_is_asked_once),
		IN_ROOM(a_mirror_that_refuses_is_asked_once),
		IN_ROOM(a_mirror_that_ends_the_connection_is_asked_once),
		IN_ROOM(a_mirror_whose_token_server_fails_costs_two_requests),
		IN_ROOM(a_mirror_answers_for_digests_and_never_for_tags_or_absence),
		IN_ROOM(the_origin_tells_the_digest_and_the_mirror_gives_the_manifest),
	};

	return cmocka_run_group_tests_name("downloads", tests, NULL, NULL);
}
