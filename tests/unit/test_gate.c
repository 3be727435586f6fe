/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "auth_home.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "http/engine.h"
#include "http/request.h"
#include "oci/descriptor.h"
#include "registry/auth/credentials.h"
#include "registry/auth/scope_auth.h"
#include "registry/host.h"
#include "registry/manifests.h"
#include "registry_room.h"

#define GET_TAG "GET /v2/app/manifests/one "
#define GET_TOKEN "GET /token?service=rig&scope=repository%3Aapp%3Apull "
#define ABSENT JSON("404 Not Found", ERRORS("MANIFEST_UNKNOWN"))

/* The kind of error, or -1 - presence. */
static int
ask(struct room *room, struct error **ret_error)
{
	AUTO_RESOLUTION struct resolution found = { 0 };

	if (registry_get_manifest(room->endpoint, "one", NULL, &found, ret_error) == 0)
		return -1 - (int)found.evidence.presence;
	assert_int_equal(found.evidence.presence, PRESENCE_UNKNOWN);
	return (int)error_kind(*ret_error);
}

static void
assert_presence(struct room *room, enum presence presence)
{
	AUTO_ERROR struct error *err = NULL;
	int got = ask(room, &err);

	if (got != -1 - (int)presence)
		fail_msg("%s", err ? error_text(err) : "another answer");
}

static void
assert_denied(struct room *room, const char *source)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(ask(room, &err), ERROR_DENIED);
	if (!strstr(error_text(err), source))
		fail_msg("'%s' does not name '%s'", error_text(err), source);
	assert_null(strstr(error_text(err), "s3cret"));
}

static void
a_cold_question_takes_three_requests_and_a_warm_one_takes_one(void **state)
{
	struct room *room = *state;

	room_answer(room, CHALLENGE(",scope=\"repository:app:pull\""));
	room_answer(room, TOKEN("t1"));
	room_answer(room, MANIFEST(""));
	room_answer(room, MANIFEST(""));
	room_answer(room, ABSENT);
	room_start(room);
	assert_presence(room, PRESENCE_PRESENT);
	assert_int_equal(room_request_count(room), 3);
	assert_request_lacks(room, 0, "\r\nauthorization:");
	assert_request(room, 1, GET_TOKEN);
	assert_request_has(room, 2, "\r\nAuthorization: Bearer t1\r\n");
	room_rerun(room);
	assert_presence(room, PRESENCE_PRESENT);
	assert_int_equal(room_request_count(room), 4);
	assert_request_has(room, 3, "\r\nAuthorization: Bearer t1\r\n");
	room_rerun(room);
	assert_presence(room, PRESENCE_ABSENT);
	assert_int_equal(room_request_count(room), 5);
}

static void
without_a_token_cache_every_run_is_cold(void **state)
{
	struct room *room = *state;

	room->options.no_token_cache = true;
	for (unsigned run = 0; run < 2; run++) {
		room_answer(room, CHALLENGE(""));
		room_answer(room, TOKEN("t1"));
		room_answer(room, MANIFEST(""));
	}
	room_start(room);
	assert_presence(room, PRESENCE_PRESENT);
	room_rerun(room);
	assert_presence(room, PRESENCE_PRESENT);
	assert_int_equal(room_request_count(room), 6);
	assert_int_equal(access(".cache", F_OK), -1);
}

static void
a_kept_token_that_is_refused_is_fetched_again_once(void **state)
{
	static const char *const refusals[] = {
		CHALLENGE(",error=\"invalid_token\""),
		JSON("403 Forbidden", ERRORS("DENIED")),
	};
	struct room *room = *state;

	room_answer(room, CHALLENGE(""));
	room_answer(room, TOKEN("t1"));
	room_answer(room, MANIFEST(""));
	for (size_t i = 0; i < 2; i++) {
		room_answer(room, refusals[i]);
		room_answer(room, TOKEN("t2"));
		room_answer(room, MANIFEST(""));
	}
	room_start(room);
	assert_presence(room, PRESENCE_PRESENT);
	for (size_t i = 0; i < 2; i++) {
		room_rerun(room);
		assert_presence(room, PRESENCE_PRESENT);
		assert_int_equal(room_request_count(room), 6 + 3 * i);
		assert_request_has(room, 5 + 3 * i, "Bearer t2");
	}
}

static void
a_new_token_that_is_refused_is_the_end(void **state)
{
	struct room *room = *state;

	room_answer(room, CHALLENGE(""));
	room_answer(room, TOKEN("t1"));
	room_answer(room, CHALLENGE(",error=\"invalid_token\""));
	room_start(room);
	assert_denied(room, "without a login");
	assert_int_equal(room_request_count(room), 3);
}

static void
a_kept_challenge_that_leads_nowhere_is_forgotten(void **state)
{
	struct room *room = *state;

	room->options.no_token_cache = false;
	room_answer(room, CHALLENGE(""));
	room_answer(room, JSON("200 OK", "{\"token\": \"t1\", \"expires_in\": 1}"));
	room_answer(room, MANIFEST(""));
	room_answer(room, EMPTY("404 Not Found")); /* the token server has moved */
	room_answer(room, MANIFEST(""));           /* and the registry is open now */
	room_start(room);
	assert_presence(room, PRESENCE_PRESENT);
	room_rerun(room);
	assert_int_equal(system("rm -f .cache/ocifp/tokens/*.token"), 0);
	assert_presence(room, PRESENCE_PRESENT);
	assert_int_equal(room_request_count(room), 5);
	assert_request(room, 3, GET_TOKEN);
	assert_request_lacks(room, 4, "\r\nauthorization:");
}

static void
a_wrong_password_is_tried_once_and_its_source_named(void **state)
{
	struct room *room = *state;
	AUTO_FREE char *config = xasprintf(
		"{\"auths\": {\"127.0.0.1:%u\": {\"auth\": \"bWU6czNjcmV0\"}}}", room->server.port);

	write_home_file(".docker/config.json", 0600, config);
	room_answer(room, CHALLENGE(""));
	room_answer(room, JSON("401 Unauthorized", ERRORS("UNAUTHORIZED")));
	room_start(room);
	assert_denied(room, "~/.docker/config.json");
	assert_denied(room, "~/.docker/config.json");
	assert_int_equal(room_request_count(room), 2);
	assert_request_lacks(room, 0, "basic");
	assert_request_has(room, 1, "\r\nAuthorization: Basic bWU6czNjcmV0\r\n");
}

static void
basic_is_sent_at_once_when_it_is_known_to_be_wanted(void **state)
{
	struct room *room = *state;

	room->options.username = "me";
	room->options.password = "pw";
	room_answer(room,
		    ANSWER("401 Unauthorized",
			   "Content-Length: 0\r\nWWW-Authenticate: bAsIc realm=\"x, y\"\r\n", ""));
	room_answer(room, MANIFEST(""));
	room_answer(room, MANIFEST(""));
	room_start(room);
	assert_presence(room, PRESENCE_PRESENT);
	room_rerun(room);
	assert_presence(room, PRESENCE_PRESENT);
	assert_int_equal(room_request_count(room), 3);
	assert_request_has(room, 2, "\r\nAuthorization: Basic bWU6cHc=\r\n");
}

static void
an_identity_token_is_posted(void **state)
{
	struct room *room = *state;
	AUTO_FREE char *config =
		xasprintf("{\"auths\": {\"127.0.0.1:%u\": {\"identitytoken\": \"a&b c\"}}}",
			  room->server.port);

	write_home_file(".docker/config.json", 0600, config);
	room_answer(room, CHALLENGE(""));
	room_answer(room, JSON("200 OK", "{\"access_token\": \"t1\"}"));
	room_answer(room, MANIFEST(""));
	room_start(room);
	assert_presence(room, PRESENCE_PRESENT);
	assert_request(room, 1, "POST /token ");
	assert_request_has(room, 1, "application/x-www-form-urlencoded");
	assert_request_has(room, 1,
			   "grant_type=refresh_token&service=rig&client_id=ocifp&"
			   "scope=repository%3Aapp%3Apull&refresh_token=a%26b%20c");
	assert_request_has(room, 2, "Bearer t1");
}

static void
a_challenge_may_widen_the_scope_once(void **state)
{
	struct room *room = *state;

	room_answer(room, CHALLENGE(",scope=\"repository:mirror/app:pull\""));
	room_answer(room, TOKEN("t1"));
	room_answer(room, MANIFEST(""));
	room_start(room);
	assert_presence(room, PRESENCE_PRESENT);
	assert_request(room, 1,
		       "GET /token?service=rig&scope=repository%3Aapp%3Apull&scope="
		       "repository%3Amirror%2Fapp%3Apull ");
}

static void
a_new_token_that_lacks_a_scope_is_widened_once(void **state)
{
	static const char *const refusals[] = {
		CHALLENGE(",scope=\"repository:base:pull\",error=\"insufficient_scope\""),
		ANSWER("403 Forbidden",
		       "Content-Length: 0\r\nWWW-Authenticate: Bearer "
		       "realm=\"http://127.0.0.1:{PORT}/token\",service=\"rig\",scope=\"repository:"
		       "base:pull\",error=\"insufficient_scope\"\r\n",
		       ""),
	};
	struct room *room = *state;

	room->options.no_token_cache = true;
	for (size_t i = 0; i < 2; i++) {
		room_answer(room, CHALLENGE(""));
		room_answer(room, TOKEN("t1"));
		room_answer(room, refusals[i]);
		room_answer(room, TOKEN("t2"));
		room_answer(room, MANIFEST(""));
	}
	for (size_t i = 0; i < 2; i++) {
		room_rerun(room);
		assert_presence(room, PRESENCE_PRESENT);
		assert_request_has(room, 5 * i + 3, "base");
		assert_request_has(room, 5 * i + 4, "Bearer t2");
	}
	assert_int_equal(room_request_count(room), 10);
}

static void
answers_that_hold_no_token_end_the_question(void **state)
{
	struct room *room = *state;
	AUTO_ERROR struct error *err = NULL;

	room_answer(room, CHALLENGE(""));
	room_answer(room, JSON("200 OK", "{\"token\": \"a\\r\\nX-Evil: b\"}"));
	room_start(room);
	assert_int_equal(ask(room, &err), ERROR_UNAVAILABLE);
	assert_string_equal(error_class(err), "protocol");
	assert_int_equal(room_request_count(room), 2);
}

static void
a_challenge_without_a_realm_is_a_refusal(void **state)
{
	struct room *room = *state;

	room_answer(room,
		    ANSWER("401 Unauthorized",
			   "Content-Length: 0\r\nWWW-Authenticate: Bearer service=\"x\"\r\n", ""));
	room_start(room);
	assert_denied(room, "401");
	assert_int_equal(room_request_count(room), 1);
}

/* The name decides which credentials count; the URL is the test's. */
static struct host *
open_github(struct room *room)
{
	AUTO_FREE char *url = http_server_url(&room->server, "");
	AUTO_ERROR struct error *err = NULL;
	struct host *host = host_new(room->engine, &room->options, "ghcr.io", url, &err);

	assert_non_null(host);
	assert_int_equal(setenv("GITHUB_TOKEN", "s3cret", 1), 0);
	return host;
}

static struct request *
start_get(struct room *room, struct scope_auth *scope_auth, unsigned flags)
{
	AUTO_FREE char *url = http_server_url(&room->server, "/v2/app/manifests/one");
	AUTO_ERROR struct error *err = NULL;
	struct request_options options = {
		.method = HTTP_GET,
		.url = url,
		.authorizer = scope_auth_authorizer(scope_auth),
		.flags = flags,
	};
	struct request *request = request_start(room->engine, &options, NULL, NULL, &err);

	assert_non_null(request);
	return request;
}

static void
wait_for(struct room *room, struct request *request)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(engine_wait(room->engine, request, &err), 0);
}

static void
a_refused_token_of_the_environment_is_dropped_for_reads(void **state)
{
	struct room *room = *state;
	struct request *request;
	struct host *host;
	struct scope_auth *scope_auth;

	room_answer(room, CHALLENGE(""));
	room_answer(room, JSON("403 Forbidden", ERRORS("DENIED")));
	room_answer(room, TOKEN("t1"));
	room_answer(room, MANIFEST(""));
	room_start(room);
	host = open_github(room);
	scope_auth = scope_auth_new(host, "repository:app:pull");
	request = start_get(room, scope_auth, 0);
	wait_for(room, request);
	assert_int_equal(request_status(request), 200);
	assert_request_has(room, 1, "\r\nAuthorization: Basic ");
	assert_request_lacks(room, 2, "\r\nauthorization:");
	assert_int_equal(room->notices.count, 1);
	assert_non_null(strstr(room->notices.items[0], "GITHUB_TOKEN"));
	request_free(request);
	scope_auth_free(scope_auth);
	host_free(host);
}

static void
a_refused_token_of_the_environment_stops_a_push(void **state)
{
	struct room *room = *state;
	AUTO_ERROR struct error *failure = NULL;
	struct request *request;
	struct host *host;
	struct scope_auth *scope_auth;

	room_answer(room, CHALLENGE(""));
	room_answer(room, JSON("403 Forbidden", ERRORS("DENIED")));
	room_start(room);
	host = open_github(room);
	scope_auth = scope_auth_new(host, "repository:app:pull,push");
	request = start_get(room, scope_auth, 0);
	wait_for(room, request);
	failure = request_take_error(request);
	assert_true(error_is(failure, ERROR_DENIED));
	assert_non_null(strstr(error_text(failure), "GITHUB_TOKEN"));
	assert_non_null(strstr(error_hint(failure), "packages: write"));
	assert_int_equal(room_request_count(room), 2);
	request_free(request);
	scope_auth_free(scope_auth);
	host_free(host);
}

static void
requests_that_need_the_same_token_wait_for_one_fetch(void **state)
{
	struct room *room = *state;
	struct request *requests[4];
	struct host *host;
	struct scope_auth *scope_auth;

	room_answer(room, CHALLENGE(""));
	room_answer(room, TOKEN("t1"));
	room_answer(room, MANIFEST(""));
	room_start(room);
	host = open_github(room);
	scope_auth = scope_auth_new(host, "repository:app:pull");
	requests[0] = start_get(room, scope_auth, 0);
	wait_for(room, requests[0]);
	request_free(requests[0]);
	scope_auth_free(scope_auth);
	scope_auth = scope_auth_new(host, "repository:other:pull");
	room_answer(room, TOKEN("t2"));
	room_answer(room, MANIFEST(""));
	for (size_t i = 0; i < 4; i++)
		requests[i] = start_get(room, scope_auth, 0);
	for (size_t i = 0; i < 4; i++)
		wait_for(room, requests[i]);
	assert_int_equal(room_request_count(room), 8);
	for (size_t i = 4; i < 8; i++)
		assert_request_has(room, i, "Bearer t2");
	for (size_t i = 0; i < 4; i++)
		request_free(requests[i]);
	scope_auth_free(scope_auth);
	host_free(host);
}

static void
every_request_that_waited_hears_why_there_is_no_token(void **state)
{
	struct room *room = *state;
	struct request *requests[3];
	struct host *host;
	struct scope_auth *scope_auth;

	room_answer(room, CHALLENGE(""));
	room_answer(room, TOKEN("t1"));
	room_answer(room, MANIFEST(""));
	room_start(room);
	host = open_github(room);
	scope_auth = scope_auth_new(host, "repository:app:pull");
	requests[0] = start_get(room, scope_auth, 0);
	wait_for(room, requests[0]);
	request_free(requests[0]);
	scope_auth_free(scope_auth);
	room_answer(room, EMPTY("400 Bad Request"));
	scope_auth = scope_auth_new(host, "repository:other:pull");
	for (size_t i = 0; i < 3; i++)
		requests[i] = start_get(room, scope_auth, 0);
	request_free(TAKE_PTR(requests[1])); /* while it is parked, or before */
	for (size_t i = 0; i < 3; i += 2) {
		AUTO_ERROR struct error *failure = NULL;

		wait_for(room, requests[i]);
		failure = request_take_error(requests[i]);
		assert_true(error_is(failure, ERROR_UNAVAILABLE));
		request_free(requests[i]);
	}
	assert_int_equal(room_request_count(room), 4);
	scope_auth_free(scope_auth);
	host_free(host);
}

static void
a_token_that_was_asked_for_once_fails_only_who_has_one_attempt(void **state)
{
	AUTO_ERROR struct error *failure = NULL;
	struct room *room = *state;
	struct request *first;
	struct request *patient;
	struct request *single;
	struct host *host;
	struct scope_auth *scope_auth;

	room_answer(room, CHALLENGE(""));
	room_answer(room, TOKEN("t1"));
	room_answer(room, MANIFEST(""));
	room_answer(room, EMPTY("503 Service Unavailable"));
	room_answer(room, EMPTY("503 Service Unavailable"));
	room_answer(room, TOKEN("t2"));
	room_answer(room, MANIFEST(""));
	room_start(room);
	host = open_github(room);
	scope_auth = scope_auth_new(host, "repository:app:pull");
	first = start_get(room, scope_auth, 0);
	wait_for(room, first);
	request_free(first);
	scope_auth_free(scope_auth);
	scope_auth = scope_auth_new(host, "repository:other:pull");
	patient = start_get(room, scope_auth, 0);
	single = start_get(room, scope_auth,
			   REQUEST_NO_RETRY); /* the last that is started is sent first */
	wait_for(room, single);
	failure = request_take_error(single);
	assert_true(error_is(failure, ERROR_UNAVAILABLE));
	assert_string_equal(error_class(failure), "server");
	wait_for(room, patient);
	assert_int_equal(request_status(patient), 200);
	assert_int_equal(room_request_count(room), 7);
	request_free(single);
	request_free(patient);
	scope_auth_free(scope_auth);
	host_free(host);
}

#define FOREIGN_CHALLENGE \
	ANSWER("401 Unauthorized", \
	       "Content-Length: 0\r\nWWW-Authenticate: Bearer " \
	       "realm=\"http://localhost:{PORT}/token\"\r\n", \
	       "")

static void
credentials_are_kept_from_a_foreign_realm_unless_it_is_trusted(void **state)
{
	static const char *const trusted[] = { "localhost", NULL };
	struct room *room = *state;

	room->options.username = "me";
	room->options.password = "pw";
	room->options.no_token_cache = true;
	for (size_t run = 0; run < 2; run++) {
		room_answer(room, FOREIGN_CHALLENGE);
		room_answer(room, TOKEN("t1"));
		room_answer(room, MANIFEST(""));
	}
	room_start(room);
	assert_presence(room, PRESENCE_PRESENT);
	assert_request_lacks(room, 1, "\r\nauthorization:");
	assert_int_equal(room->notices.count, 1);
	assert_non_null(strstr(room->notices.items[0], "--trust-realm"));
	room->options.trust_realms = trusted;
	room_rerun(room);
	assert_presence(room, PRESENCE_PRESENT);
	assert_request_has(room, 4, "\r\nAuthorization: Basic bWU6cHc=\r\n");
	assert_int_equal(room->notices.count, 1);
}

static void
a_login_is_checked_with_the_given_password_alone(void **state)
{
	struct room *room = *state;
	const struct credential me = { .username = (char *)(uintptr_t) "me",
				       .password = (char *)(uintptr_t) "pw" };
	AUTO_FREE char *host = xasprintf("127.0.0.1:%u", room->server.port);
	AUTO_ERROR struct error *err = NULL;

	room_answer(room, CHALLENGE(""));
	room_answer(room, TOKEN("t1"));
	room_answer(room, EMPTY("200 OK"));
	room_answer(room, CHALLENGE(""));
	room_answer(room, JSON("401 Unauthorized", ERRORS("UNAUTHORIZED")));
	room_start(room);
	assert_int_equal(registry_check_login(room->registry, host, &me, &err), 0);
	assert_request(room, 0, "GET /v2/ ");
	assert_request(room, 1, "GET /token?service=rig ");
	assert_request_has(room, 1, "Basic bWU6cHc=");
	assert_int_equal(registry_check_login(room->registry, host, &me, &err), -1);
	assert_int_equal(error_kind(err), ERROR_DENIED);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(a_cold_question_takes_three_requests_and_a_warm_one_takes_one),
		IN_ROOM(without_a_token_cache_every_run_is_cold),
		IN_ROOM(a_kept_token_that_is_refused_is_fetched_again_once),
		IN_ROOM(a_new_token_that_is_refused_is_the_end),
		IN_ROOM(a_kept_challenge_that_leads_nowhere_is_forgotten),
		IN_ROOM(a_wrong_password_is_tried_once_and_its_source_named),
		IN_ROOM(basic_is_sent_at_once_when_it_is_known_to_be_wanted),
		IN_ROOM(an_identity_token_is_posted),
		IN_ROOM(a_challenge_may_widen_the_scope_once),
		IN_ROOM(a_new_token_that_lacks_a_scope_is_widened_once),
		IN_ROOM(answers_that_hold_no_token_end_the_question),
		IN_ROOM(a_challenge_without_a_realm_is_a_refusal),
		IN_ROOM(a_refused_token_of_the_environment_is_dropped_for_reads),
		IN_ROOM(a_refused_token_of_the_environment_stops_a_push),
		IN_ROOM(requests_that_need_the_same_token_wait_for_one_fetch),
		IN_ROOM(every_request_that_waited_hears_why_there_is_no_token),
		IN_ROOM(a_token_that_was_asked_for_once_fails_only_who_has_one_attempt),
		IN_ROOM(credentials_are_kept_from_a_foreign_realm_unless_it_is_trusted),
		IN_ROOM(a_login_is_checked_with_the_given_password_alone),
	};

	return cmocka_run_group_tests_name("scope_auth", tests, NULL, NULL);
}
