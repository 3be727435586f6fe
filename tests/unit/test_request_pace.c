/* SPDX-License-Identifier: Apache-2.0 */
#include "http_fixture.h"

#include "base/deadline.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "http/pace.h"

static void
a_request_may_be_held_back(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;
	int64_t began_ms = deadline_now_ms();
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server, OK_HELLO);
	request =
		perform(self, (struct request_options){ .method = HTTP_GET, .delay_ms = 60 }, &err);
	assert_non_null(request);
	assert_true(deadline_now_ms() - began_ms >= 60);
}

/* As many as may be were sent a period less 60 ms ago. */
static struct pace *
full_pace(void)
{
	struct pace *pace = XNEW(struct pace);

	for (size_t i = 0; i < WRITES_LIMIT_COUNT; i++)
		pace->times_ms[i] = deadline_now_ms() + 60 - WRITES_PERIOD_MS;
	pace->count = WRITES_LIMIT_COUNT;
	return pace;
}

static void
writes_keep_to_the_pace_and_reads_do_not(void **state)
{
	static const enum http_method methods[] = { HTTP_GET, HTTP_HEAD,  HTTP_POST,
						    HTTP_PUT, HTTP_PATCH, HTTP_DELETE };
	struct fixture *self = *state;

	http_server_answer(&self->server, ANSWER("204 No Content", "", ""));
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		AUTO_FREE struct pace *pace = full_pace();
		int64_t due_ms = pace->times_ms[0] + WRITES_PERIOD_MS;
		AUTO_ERROR struct error *err = NULL;
		AUTO_REQUEST struct request *request = NULL;

		request = perform(
			self, (struct request_options){ .method = methods[i], .pace = pace }, &err);
		assert_non_null(request);
		if (i >= 2)
			assert_true(deadline_now_ms() >= due_ms);
		assert_int_equal(pace->count, WRITES_LIMIT_COUNT + (i >= 2 ? 1 : 0));
	}
}

static void
each_attempt_of_a_write_counts(void **state)
{
	struct fixture *self = *state;
	AUTO_FREE struct pace *pace = XNEW(struct pace);
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server,
			   ANSWER("503 Service Unavailable", "Content-Length: 0\r\n", ""));
	http_server_answer(&self->server, OK_HELLO);
	request =
		perform(self, (struct request_options){ .method = HTTP_POST, .pace = pace }, &err);
	assert_non_null(request);
	assert_int_equal(pace->count, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_request_may_be_held_back),
		FIXTURE_TEST(writes_keep_to_the_pace_and_reads_do_not),
		FIXTURE_TEST(each_attempt_of_a_write_counts),
	};

	return cmocka_run_group_tests_name("request_pace", tests, NULL, NULL);
}
