/* SPDX-License-Identifier: Apache-2.0 */
#include "http_fixture.h"

#include "base/xalloc.h"

static void
a_redirect_to_another_origin_drops_credentials(void **state)
{
	struct fixture *self = *state;
	struct test_authorizer authorizer = { .authorizer = { &test_authorizer_ops } };
	const char *const headers[] = { "X-Caller: me", NULL };
	AUTO_FREE char *there = http_server_url(&self->other, "/b?sig=1");
	AUTO_FREE char *answer = xasprintf(
		ANSWER("307 Temporary Redirect", "Location: %s\r\nContent-Length: 0\r\n", ""),
		there);
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server, answer);
	http_server_answer(&self->other, OK_HELLO);
	request = perform(self,
			  (struct request_options){ .headers = headers,
						    .authorizer = &authorizer.authorizer },
			  &err);
	assert_non_null(request);
	assert_int_equal(request_status(request), 200);
	assert_sent(&self->server, 0, "Authorization: Bearer secret0\r\n");
	assert_sent(&self->other, 0, "GET /b?sig=1 ");
	assert_not_sent(&self->other, 0, "Authorization");
	assert_not_sent(&self->other, 0, "X-Caller");
	assert_false(request_was_authorized(request));
}

static void
a_redirect_within_an_origin_keeps_credentials(void **state)
{
	struct fixture *self = *state;
	struct test_authorizer authorizer = { .authorizer = { &test_authorizer_ops } };
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server,
			   ANSWER("302 Found", "Location: b\r\nContent-Length: 0\r\n", ""));
	http_server_answer(&self->server, OK_HELLO);
	request = perform(self, (struct request_options){ .authorizer = &authorizer.authorizer },
			  &err);
	assert_non_null(request);
	assert_sent(&self->server, 1, "GET /b ");
	assert_sent(&self->server, 1, "Authorization: Bearer secret0\r\n");
}

static void
a_challenge_is_answered_once(void **state)
{
	struct fixture *self = *state;
	struct test_authorizer authorizer = { .authorizer = { &test_authorizer_ops } };
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server, ANSWER("401 Unauthorized", "Content-Length: 0\r\n", ""));
	request = perform(self, (struct request_options){ .authorizer = &authorizer.authorizer },
			  &err);
	assert_non_null(request);
	assert_int_equal(request_status(request), 401);
	assert_int_equal(authorizer.challenges, 1);
	assert_true(request_was_challenged(request));
	assert_int_equal(http_server_request_count(&self->server), 2);
	assert_sent(&self->server, 1, "Bearer secret1\r\n");
}

static void
only_insufficient_scope_makes_403_a_challenge(void **state)
{
	struct fixture *self = *state;
	struct test_authorizer authorizer = { .authorizer = { &test_authorizer_ops } };
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(
		&self->server,
		ANSWER("403 Forbidden",
		       "WWW-Authenticate: Bearer realm=\"x\",error=\"insufficient_scope\"\r\n"
		       "Content-Length: 0\r\n",
		       ""));
	http_server_answer(&self->server, ANSWER("403 Forbidden", "Content-Length: 0\r\n", ""));
	request = perform(self, (struct request_options){ .authorizer = &authorizer.authorizer },
			  &err);
	assert_non_null(request);
	assert_int_equal(authorizer.challenges, 1);
	assert_int_equal(http_server_request_count(&self->server), 2);
}

static void
a_parked_request_goes_on_when_resumed(void **state)
{
	struct fixture *self = *state;
	struct test_authorizer authorizer = { .authorizer = { &test_authorizer_ops },
					      .parks = true };
	AUTO_FREE char *url = http_server_url(&self->server, "/a");
	struct request_options options = { .url = url, .authorizer = &authorizer.authorizer };
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;
	AUTO_REQUEST struct request *dropped = NULL;

	http_server_answer(&self->server, OK_HELLO);
	request = request_start(self->engine, &options, NULL, NULL, &err);
	assert_int_equal(engine_wait(self->engine, request, &err), -1);
	assert_ptr_equal(authorizer.parked, request);
	authorizer.parks = false;
	request_resume(request);
	error_free(TAKE_PTR(err));
	assert_int_equal(engine_wait(self->engine, request, &err), 0);
	assert_int_equal(request_status(request), 200);

	authorizer.parks = true;
	dropped = request_start(self->engine, &options, NULL, NULL, &err);
	assert_int_equal(engine_step(self->engine, NULL, 0, &err), 0);
	request_free(TAKE_PTR(dropped));
	assert_int_equal(authorizer.forgotten, 1);
	assert_int_equal(engine_pending(self->engine), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_redirect_to_another_origin_drops_credentials),
		FIXTURE_TEST(a_redirect_within_an_origin_keeps_credentials),
		FIXTURE_TEST(a_challenge_is_answered_once),
		FIXTURE_TEST(only_insufficient_scope_makes_403_a_challenge),
		FIXTURE_TEST(a_parked_request_goes_on_when_resumed),
	};

	return cmocka_run_group_tests_name("request_auth", tests, NULL, NULL);
}
