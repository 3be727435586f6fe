/* SPDX-License-Identifier: Apache-2.0 */
#include "http_fixture.h"

#include <string.h>

#include "base/buf.h"
#include "base/deadline.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "stream/source.h"

static void
an_answer_has_status_headers_and_body(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server,
			   ANSWER("200 OK", "Content-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n", "hello"));
	request = perform(self, (struct request_options){ .accept = "text/plain" }, &err);
	assert_non_null(request);
	assert_int_equal(request_status(request), 200);
	assert_string_equal(request_body(request)->data, "hello");
	assert_int_equal(request_header_count(request, "x-a"), 2);
	assert_string_equal(request_header_at(request, "X-A", 1), "2");
	assert_null(request_header(request, "x-b"));
	assert_int_equal(request_sendings(request), 1);
	assert_sent(&self->server, 0, "GET /a HTTP/1.1\r\n");
	assert_sent(&self->server, 0, "\r\nAccept: text/plain\r\n");
	assert_not_sent(&self->server, 0, "Accept-Encoding");
}

static char *
answer_of(const char *status, size_t body_bytes)
{
	AUTO_FREE char *body = xcalloc(1, body_bytes + 1);

	memset(body, 'x', body_bytes);
	return xasprintf("HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
			 status, body_bytes, body);
}

static void
the_text_of_an_error_is_cut(void **state)
{
	struct fixture *self = *state;
	AUTO_FREE char *answer = answer_of("404 Not Found", ERROR_BODY_LIMIT_BYTES + 1);
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server, answer);
	request = get(self, &err);
	assert_non_null(request);
	assert_int_equal(request_status(request), 404);
	assert_int_equal(request_body(request)->size, ERROR_BODY_LIMIT_BYTES);
}

static void
an_answer_past_its_limit_is_refused(void **state)
{
	struct fixture *self = *state;
	AUTO_FREE char *at = answer_of("200 OK", 1000);
	AUTO_FREE char *past = answer_of("200 OK", 1001);
	struct request_options options = { .body_limit_bytes = 1000 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server, at);
	http_server_answer(&self->server, past);
	request = perform(self, options, &err);
	assert_non_null(request);
	assert_null(perform(self, options, &err));
	assert_class(err, ERROR_CONTENT, "limit");
}

static void
endless_headers_are_refused(void **state)
{
	struct fixture *self = *state;
	AUTO_BUF struct buf answer = BUF_INIT(MIB);
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(buf_append_text(&answer, "HTTP/1.1 200 OK\r\n", &err), 0);
	for (unsigned i = 0; i <= HEADERS_LIMIT_COUNT; i++)
		assert_int_equal(buf_append_text(&answer, "X-A: b\r\n", &err), 0);
	assert_int_equal(buf_append_text(&answer, "\r\n", &err), 0);
	http_server_answer(&self->server, answer.data);
	assert_null(get(self, &err));
	assert_class(err, ERROR_UNAVAILABLE, "protocol");
	assert_int_equal(http_server_request_count(&self->server), 1);
}

static void
what_is_not_http_is_not_asked_again(void **state)
{
	AUTO_FREE char *filler = xcalloc(1, 200 * KIB + 1);
	AUTO_FREE char *long_line = NULL;
	struct fixture *self = *state;
	const char *answers[4] = { "SSH-2.0-x\r\n", "HTTP/1.1 abc\r\n\r\n",
				   "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" };

	memset(filler, 'x', 200 * KIB);
	long_line = xasprintf("HTTP/1.1 200 OK\r\nX-A: %s\r\n\r\n", filler);
	answers[3] = long_line;
	for (size_t i = 0; i < 4; i++) {
		AUTO_ERROR struct error *err = NULL;

		http_server_answer(&self->server, answers[i]);
		assert_null(get(self, &err));
		assert_class(err, ERROR_UNAVAILABLE, "protocol");
		assert_int_equal(http_server_request_count(&self->server), i + 1);
	}
}

/* Remembers all that it hears. */
struct test_observer {
	struct observer observer;
	struct strings texts;
	uint64_t moved_bytes;
};

static void
test_hear(struct observer *observer, const struct event *event)
{
	struct test_observer *self = (struct test_observer *)observer;

	if (event->text)
		strings_add(&self->texts, event->text);
	if (event->kind == EVENT_MOVED)
		self->moved_bytes += event->bytes;
}

static void
events_and_errors_hold_no_query(void **state)
{
	struct fixture *self = *state;
	struct test_observer observer = { .observer = { test_hear } };
	struct engine_options options = { .backoff_first_ms = 1, .observer = &observer.observer };
	AUTO_FREE char *url = http_server_url(&self->server, "/a?sig=secret");
	AUTO_ERROR struct error *err = NULL;
	AUTO_ENGINE struct engine *engine = engine_new(&options, &err);

	http_server_answer(&self->server,
			   ANSWER("307 Temporary Redirect",
				  "Location: /b?sig=secret\r\nContent-Length: 0\r\n", ""));
	http_server_answer(&self->server, "");
	assert_null(request_perform(engine, &(struct request_options){ .url = url }, &err));
	assert_null(strstr(error_text(err), "secret"));
	assert_true(observer.texts.count > 3);
	for (size_t i = 0; i < observer.texts.count; i++)
		assert_null(strstr(observer.texts.items[i], "secret"));
	strings_release(&observer.texts);
}

static void
bytes_of_a_body_are_told(void **state)
{
	struct fixture *self = *state;
	struct test_observer observer = { .observer = { test_hear } };
	struct engine_options options = { .observer = &observer.observer };
	AUTO_FREE char *url = http_server_url(&self->server, "/a");
	AUTO_ERROR struct error *err = NULL;
	AUTO_ENGINE struct engine *engine = engine_new(&options, &err);
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server, ANSWER("200 OK", "Content-Length: 10\r\n", "0123456789"));
	request = request_perform(
		engine, &(struct request_options){ .url = url, .body = &self->blob.body }, &err);
	assert_non_null(request);
	assert_int_equal(observer.moved_bytes, 10);
	strings_release(&observer.texts);
}

static void
an_upload_is_sent_and_sent_again(void **state)
{
	struct fixture *self = *state;
	struct source source = source_of_bytes("0123456789", 10);
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server,
			   ANSWER("500 Internal Server Error", "Content-Length: 0\r\n", ""));
	http_server_answer(&self->server, ANSWER("201 Created", "Content-Length: 0\r\n", ""));
	request = perform(self,
			  (struct request_options){ .method = HTTP_PATCH,
						    .content_type = "application/octet-stream",
						    .source = &source,
						    .source_first = 2,
						    .source_end = 9 },
			  &err);
	assert_non_null(request);
	assert_int_equal(request_status(request), 201);
	for (size_t i = 0; i < 2; i++) {
		assert_sent(&self->server, i, "PATCH /a ");
		assert_sent(&self->server, i, "Content-Length: 7\r\n");
		assert_sent(&self->server, i, "Content-Type: application/octet-stream\r\n");
		assert_sent(&self->server, i, "\r\n\r\n2345678");
		assert_not_sent(&self->server, i, "Expect:");
	}
}

static void
an_upload_of_nothing_says_so(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server, ANSWER("202 Accepted", "Content-Length: 0\r\n", ""));
	request = perform(self, (struct request_options){ .method = HTTP_POST }, &err);
	assert_non_null(request);
	assert_sent(&self->server, 0, "POST /a ");
	assert_sent(&self->server, 0, "\r\nContent-Length: 0\r\n");
	assert_not_sent(&self->server, 0, "Content-Type");
	assert_not_sent(&self->server, 0, "Transfer-Encoding");
}

static void
a_header_that_breaks_the_line_is_not_sent(void **state)
{
	struct fixture *self = *state;
	const char *const headers[] = { "X-A: b\r\nX-Evil: c", NULL };
	AUTO_ERROR struct error *err = NULL;

	assert_null(perform(self, (struct request_options){ .headers = headers }, &err));
	assert_int_equal(error_kind(err), ERROR_FAILURE);
	assert_int_equal(http_server_request_count(&self->server), 0);
}

static void
time_over_ends_everything(void **state)
{
	struct fixture *self = *state;
	struct engine_options options = { .deadline_ms = deadline_after_ms(50) };
	AUTO_FREE char *url = http_server_url(&self->server, "/a");
	AUTO_ERROR struct error *err = NULL;
	AUTO_ENGINE struct engine *engine = engine_new(&options, &err);

	http_server_answer(&self->server,
			   ANSWER("503 Service Unavailable", "Retry-After: 60\r\n", ""));
	assert_null(request_perform(engine, &(struct request_options){ .url = url }, &err));
	assert_int_equal(error_kind(err), ERROR_TIMEOUT);
}

struct chain {
	struct fixture *fixture;
	unsigned left;
	unsigned done;
};

static void start_next(struct chain *chain);

static void
free_and_go_on(void *context, struct request *request)
{
	struct chain *chain = context;

	assert_int_equal(request_status(request), 200);
	request_free(request);
	chain->done++;
	if (chain->left > 0)
		start_next(chain);
}

static void
start_next(struct chain *chain)
{
	AUTO_FREE char *url = http_server_url(&chain->fixture->server, "/a");
	AUTO_ERROR struct error *err = NULL;

	chain->left--;
	assert_non_null(request_start(chain->fixture->engine,
				      &(struct request_options){ .url = url }, free_and_go_on,
				      chain, &err));
}

static void
done_may_free_its_request_and_start_others(void **state)
{
	struct fixture *self = *state;
	struct chain chain = { .fixture = self, .left = 5 };
	AUTO_ERROR struct error *err = NULL;

	http_server_answer(&self->server, OK_HELLO);
	start_next(&chain);
	start_next(&chain);
	while (engine_pending(self->engine) > 0)
		assert_int_equal(engine_step(self->engine, NULL, 1000, &err), 0);
	assert_int_equal(chain.done, 5);
}

/* Of unknown length; its first bytes free the request that brings them. */
struct fickle_body {
	struct body body;
	struct request *request;
};

static struct body_range
fickle_wanted(const struct body *body)
{
	(void)body;
	return (struct body_range){ 0 };
}

static int
fickle_begin(struct body *body, uint64_t offset, struct error **err)
{
	(void)body;
	(void)offset;
	(void)err;
	return 0;
}

static int
fickle_write(struct body *body, const void *bytes, size_t size, struct error **err)
{
	struct fickle_body *self = (struct fickle_body *)body;

	(void)bytes;
	(void)size;
	(void)err;
	request_free(TAKE_PTR(self->request));
	return 0;
}

static void
a_request_may_be_freed_while_it_is_fed(void **state)
{
	static const struct body_ops ops = { .wanted = fickle_wanted,
					     .begin = fickle_begin,
					     .write = fickle_write };
	struct fixture *self = *state;
	struct fickle_body body = { .body = { &ops } };
	AUTO_FREE char *url = http_server_url(&self->server, "/a");
	struct request_options options = { .url = url, .body = &body.body };
	AUTO_ERROR struct error *err = NULL;

	http_server_answer(&self->server, OK_HELLO);
	body.request = request_start(self->engine, &options, NULL, NULL, &err);
	while (engine_pending(self->engine) > 0)
		assert_int_equal(engine_step(self->engine, NULL, 1000, &err), 0);
	assert_null(body.request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(an_answer_has_status_headers_and_body),
		FIXTURE_TEST(the_text_of_an_error_is_cut),
		FIXTURE_TEST(an_answer_past_its_limit_is_refused),
		FIXTURE_TEST(endless_headers_are_refused),
		FIXTURE_TEST(what_is_not_http_is_not_asked_again),
		FIXTURE_TEST(events_and_errors_hold_no_query),
		FIXTURE_TEST(bytes_of_a_body_are_told),
		FIXTURE_TEST(an_upload_is_sent_and_sent_again),
		FIXTURE_TEST(an_upload_of_nothing_says_so),
		FIXTURE_TEST(a_header_that_breaks_the_line_is_not_sent),
		FIXTURE_TEST(time_over_ends_everything),
		FIXTURE_TEST(done_may_free_its_request_and_start_others),
		FIXTURE_TEST(a_request_may_be_freed_while_it_is_fed),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
