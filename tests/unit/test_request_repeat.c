/* SPDX-License-Identifier: Apache-2.0 */
#include "http_fixture.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/xalloc.h"

static void
an_interrupted_body_goes_on_with_a_closed_range(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server, ANSWER("200 OK", "Content-Length: 10\r\n", "01234"));
	http_server_answer(&self->server,
			   ANSWER("206 Partial Content",
				  "Content-Length: 2\r\nContent-Range: bytes 5-6/10\r\n", "56"));
	http_server_answer(&self->server,
			   ANSWER("206 Partial Content",
				  "Content-Length: 3\r\nContent-Range: bytes 7-9/10\r\n", "789"));
	request = get_blob(self, &err);
	assert_non_null(request);
	assert_memory_equal(self->blob.bytes, "0123456789", 10);
	assert_true(self->blob.ended);
	assert_not_sent(&self->server, 0, "\r\nRange:");
	assert_sent(&self->server, 1, "\r\nRange: bytes=5-9\r\n");
	assert_sent(&self->server, 2, "\r\nRange: bytes=7-9\r\n");
	assert_int_equal(http_server_request_count(&self->server), 3);
}

static void
a_whole_answer_to_a_range_starts_afresh(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server, ANSWER("200 OK", "Content-Length: 10\r\n", "xxxxx"));
	http_server_answer(&self->server, ANSWER("200 OK", "Content-Length: 10\r\n", "0123456789"));
	request = get_blob(self, &err);
	assert_non_null(request);
	assert_memory_equal(self->blob.bytes, "0123456789", 10);
	assert_int_equal(self->blob.begins, 2);
}

static void
a_range_that_is_refused_is_left_out(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	self->blob.have = 4;
	http_server_answer(&self->server,
			   ANSWER("416 Range Not Satisfiable", "Content-Length: 0\r\n", ""));
	http_server_answer(&self->server, ANSWER("200 OK", "Content-Length: 10\r\n", "0123456789"));
	request = get_blob(self, &err);
	assert_non_null(request);
	assert_memory_equal(self->blob.bytes, "0123456789", 10);
	assert_sent(&self->server, 0, "\r\nRange: bytes=4-9\r\n");
	assert_not_sent(&self->server, 1, "\r\nRange:");
}

static void
a_body_that_is_whole_is_not_asked_for(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	self->blob.have = 10;
	request = get_blob(self, &err);
	assert_non_null(request);
	assert_int_equal(request_status(request), 0);
	assert_true(self->blob.ended);
	assert_int_equal(http_server_request_count(&self->server), 0);
}

static void
answers_that_nobody_asked_for_are_refused(void **state)
{
	static const char *const answers[] = {
		ANSWER("204 No Content", "", ""),
		ANSWER("304 Not Modified", "", ""),
		ANSWER("206 Partial Content",
		       "Content-Length: 2\r\nContent-Range: bytes 0-1/10\r\n", "01"),
		ANSWER("302 Found", "Content-Length: 0\r\n", ""),
		ANSWER("302 Found", "Location: file:///etc/passwd\r\n", ""),
		ANSWER("302 Found", "Location: http://u:p@127.0.0.1/\r\n", ""),
		ANSWER("200 OK", "Content-Length: 5\r\nContent-Length: 6\r\n", "hello"),
	};
	struct fixture *self = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		AUTO_ERROR struct error *err = NULL;

		http_server_answer(&self->server, answers[i]);
		assert_null(get_blob(self, &err));
		assert_class(err, ERROR_UNAVAILABLE, "protocol");
		assert_int_equal(http_server_request_count(&self->server), i + 1);
		assert_int_equal(self->blob.have, 0);
	}
}

static void
a_wrong_answer_to_a_range_leads_to_the_whole_content(void **state)
{
	static const char *const answers[] = {
		ANSWER("206 Partial Content",
		       "Content-Length: 7\r\nContent-Range: bytes 3-9/10\r\n", "3456789"),
		ANSWER("206 Partial Content",
		       "Content-Length: 5\r\nContent-Range: bytes 5-9/10\r\n", "56789"),
		ANSWER("206 Partial Content",
		       "Content-Length: 6\r\nContent-Range: bytes 4-9/11\r\n", "456789"),
		ANSWER("206 Partial Content",
		       "Content-Length: 7\r\nContent-Range: bytes 4-10/*\r\n", "456789x"),
		ANSWER("206 Partial Content",
		       "Content-Length: 6\r\nContent-Range: bytes 4-3/10\r\n", "456789"),
		ANSWER("206 Partial Content", "Content-Length: 6\r\nContent-Range: bytes\r\n",
		       "456789"),
		ANSWER("206 Partial Content",
		       "Content-Length: 6\r\nContent-Range: bytes 4-9/10\r\n"
		       "Content-Range: bytes 0-5/10\r\n",
		       "456789"),
		ANSWER("206 Partial Content", "Content-Length: 6\r\n", "456789"),
		ANSWER("206 Partial Content", "Content-Length: 0\r\n", ""),
		ANSWER("206 Partial Content",
		       "Content-Type: multipart/byteranges; boundary=x\r\nContent-Range: bytes "
		       "4-9/10\r\n",
		       "--x\r\nContent-Range: bytes 4-5/10\r\n\r\n45\r\n--x\r\nContent-Range: "
		       "bytes "
		       "6-9/10\r\n\r\n6789\r\n--x--\r\n"),
	};
	struct fixture *self = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		AUTO_ERROR struct error *err = NULL;
		AUTO_REQUEST struct request *request = NULL;

		self->blob.have = 4;
		memcpy(self->blob.bytes, "0123xxxxxx", 10);
		http_server_answer(&self->server, answers[i]);
		http_server_answer(&self->server,
				   ANSWER("200 OK", "Content-Length: 10\r\n", "0123456789"));
		request = get_blob(self, &err);
		if (!request)
			fail_msg("answer %zu: %s", i, error_text(err));
		assert_memory_equal(self->blob.bytes, "0123456789", 10);
		assert_sent(&self->server, 2 * i, "\r\nRange: bytes=4-9\r\n");
		assert_not_sent(&self->server, 2 * i + 1, "\r\nRange:");
		assert_int_equal(http_server_request_count(&self->server), 2 * i + 2);
	}
}

static void
wrong_answers_to_ranges_do_not_go_on_for_ever(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;

	self->blob.have = 4;
	http_server_answer(&self->server,
			   ANSWER("206 Partial Content",
				  "Content-Length: 7\r\nContent-Range: bytes 3-9/10\r\n",
				  "3456789"));
	assert_null(get_blob(self, &err));
	assert_class(err, ERROR_UNAVAILABLE, "protocol");
	assert_int_equal(self->blob.have, 4);
	assert_int_equal(http_server_request_count(&self->server), 2);
}

static void
a_failing_body_ends_the_request_at_once(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;

	http_server_answer(&self->server,
			   ANSWER("200 OK", "Content-Length: 11\r\n", "0123456789x"));
	assert_null(get_blob(self, &err));
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_int_equal(http_server_request_count(&self->server), 1);
}

static void
a_status_that_may_pass_is_asked_six_times(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server,
			   ANSWER("503 Service Unavailable", "Content-Length: 4\r\n", "busy"));
	request = get(self, &err);
	assert_non_null(request);
	assert_int_equal(request_status(request), 503);
	assert_string_equal(request_body(request)->data, "busy");
	assert_int_equal(request_sendings(request), ATTEMPTS_LIMIT_COUNT);
	assert_int_equal(http_server_request_count(&self->server), ATTEMPTS_LIMIT_COUNT);
}

static void
trouble_that_passes_is_forgotten(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server, ANSWER("502 Bad Gateway", "Content-Length: 0\r\n", ""));
	http_server_answer(&self->server, "");
	http_server_answer(&self->server, OK_HELLO);
	request = get(self, &err);
	assert_non_null(request);
	assert_int_equal(request_status(request), 200);
	assert_string_equal(request_body(request)->data, "hello");
	assert_int_equal(http_server_request_count(&self->server), 3);
}

static void
a_broken_connection_is_an_error_after_six_attempts(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;

	http_server_answer(&self->server, "");
	assert_null(get(self, &err));
	assert_class(err, ERROR_UNAVAILABLE, "interrupted");
	assert_true(error_remote(err)->retryable);
	assert_int_equal(http_server_request_count(&self->server), ATTEMPTS_LIMIT_COUNT);
}

static void
a_caller_may_forbid_repeats(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;

	http_server_answer(&self->server, "");
	assert_null(perform(self, (struct request_options){ .flags = REQUEST_NO_RETRY }, &err));
	assert_int_equal(http_server_request_count(&self->server), 1);
}

static void
waiting_longer_than_anyone_would_is_an_answer(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server, ANSWER("429 Too Many Requests",
						 "Retry-After: 3600\r\nContent-Length: 0\r\n", ""));
	request = get(self, &err);
	assert_non_null(request);
	assert_int_equal(request_status(request), 429);
	assert_int_equal(http_server_request_count(&self->server), 1);
}

static void
a_signed_url_that_expired_is_asked_for_again(void **state)
{
	struct fixture *self = *state;
	AUTO_FREE char *there = http_server_url(&self->other, "/b?sig=1");
	AUTO_FREE char *redirect = xasprintf(
		ANSWER("307 Temporary Redirect", "Location: %s\r\nContent-Length: 0\r\n", ""),
		there);
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server, redirect);
	http_server_answer(&self->other, ANSWER("200 OK", "Content-Length: 10\r\n", "012"));
	http_server_answer(&self->other, ANSWER("403 Forbidden", "Content-Length: 0\r\n", ""));
	http_server_answer(&self->other,
			   ANSWER("206 Partial Content",
				  "Content-Length: 7\r\nContent-Range: bytes 3-9/10\r\n",
				  "3456789"));
	request = get_blob(self, &err);
	assert_non_null(request);
	assert_int_equal(request_status(request), 206);
	assert_memory_equal(self->blob.bytes, "0123456789", 10);
	assert_int_equal(http_server_request_count(&self->server), 3);
	assert_int_equal(http_server_request_count(&self->other), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(an_interrupted_body_goes_on_with_a_closed_range),
		FIXTURE_TEST(a_whole_answer_to_a_range_starts_afresh),
		FIXTURE_TEST(a_range_that_is_refused_is_left_out),
		FIXTURE_TEST(a_body_that_is_whole_is_not_asked_for),
		FIXTURE_TEST(answers_that_nobody_asked_for_are_refused),
		FIXTURE_TEST(a_wrong_answer_to_a_range_leads_to_the_whole_content),
		FIXTURE_TEST(wrong_answers_to_ranges_do_not_go_on_for_ever),
		FIXTURE_TEST(a_failing_body_ends_the_request_at_once),
		FIXTURE_TEST(a_status_that_may_pass_is_asked_six_times),
		FIXTURE_TEST(trouble_that_passes_is_forgotten),
		FIXTURE_TEST(a_broken_connection_is_an_error_after_six_attempts),
		FIXTURE_TEST(a_caller_may_forbid_repeats),
		FIXTURE_TEST(waiting_longer_than_anyone_would_is_an_answer),
		FIXTURE_TEST(a_signed_url_that_expired_is_asked_for_again),
	};

	return cmocka_run_group_tests_name("request_repeat", tests, NULL, NULL);
}
