#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "http/engine.h"
#include "http/request.h"
#include "http_server.h"
#include "stream/body.h"
#include "stream/source.h"

#define ANSWER(status, fields, body) \
	"HTTP/1.1 " status "\r\nConnection: close\r\n" fields "\r\n" body
#define OK_HELLO ANSWER("200 OK", "Content-Length: 5\r\n", "hello")

/* Ten bytes to come, kept across responses as a store would. */
struct blob_body {
	struct body body;
	char bytes[10];
	uint64_t have;
	unsigned begins;
	bool ended;
};

static struct body_range
blob_wanted(const struct body *body)
{
	return (struct body_range){ ((const struct blob_body *)body)->have, 10 };
}

static int
blob_begin(struct body *body, uint64_t offset, struct error **err)
{
	struct blob_body *self = (struct blob_body *)body;

	(void)err;
	assert_true(offset <= self->have);
	self->have = offset;
	self->begins++;
	return 0;
}

static int
blob_write(struct body *body, const void *bytes, size_t size, struct error **err)
{
	struct blob_body *self = (struct blob_body *)body;

	if (size > sizeof(self->bytes) - self->have)
		return error_set(err, ERROR_CONTENT, "too long");
	memcpy(self->bytes + self->have, bytes, size);
	self->have += size;
	return 0;
}

static int
blob_end(struct body *body, struct error **err)
{
	struct blob_body *self = (struct blob_body *)body;

	self->ended = true;
	if (self->have < sizeof(self->bytes))
		return error_set(err, ERROR_CONTENT, "too short");
	return 0;
}

static const struct body_ops blob_ops = { blob_wanted, blob_begin, blob_write, blob_end };

/* A server, another origin, and an engine that does not wait long. */
struct fixture {
	struct http_server server;
	struct http_server other;
	struct engine *engine;
	struct blob_body blob;
};

static int
set_up(void **state)
{
	struct fixture *self = XNEW(struct fixture);
	struct error *err = NULL;

	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("HTTPS_PROXY");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	http_server_start(&self->server);
	http_server_start(&self->other);
	self->blob.body.ops = &blob_ops;
	self->engine = engine_new(&(struct engine_options){ .backoff_first_ms = 1 }, &err);
	assert_non_null(self->engine);
	*state = self;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *self = *state;

	engine_free(self->engine);
	http_server_stop(&self->server);
	http_server_stop(&self->other);
	free(self);
	return 0;
}

static struct request *
perform(struct fixture *self, struct request_options options, struct error **err)
{
	AUTO_FREE char *url = http_server_url(&self->server, "/a");

	options.url = url;
	return request_perform(self->engine, &options, err);
}

static struct request *
get(struct fixture *self, struct error **err)
{
	return perform(self, (struct request_options){ .method = HTTP_GET }, err);
}

static struct request *
get_blob(struct fixture *self, struct error **err)
{
	return perform(self,
		       (struct request_options){ .method = HTTP_GET,
						 .body = &self->blob.body,
						 .flags = REQUEST_UNTIMED },
		       err);
}

static void
assert_sent(struct http_server *server, size_t index, const char *part)
{
	AUTO_FREE char *request = http_server_request(server, index);

	if (!strcasestr(request, part))
		fail_msg("request %zu lacks '%s': %s", index, part, request);
}

static void
assert_not_sent(struct http_server *server, size_t index, const char *part)
{
	AUTO_FREE char *request = http_server_request(server, index);

	if (strcasestr(request, part))
		fail_msg("request %zu has '%s': %s", index, part, request);
}

static void
assert_class(const struct error *error, enum error_kind kind, const char *class_name)
{
	assert_non_null(error);
	assert_int_equal(error_kind(error), kind);
	assert_non_null(error_class(error));
	assert_string_equal(error_class(error), class_name);
}

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
	assert_int_equal(request_attempts(request), 1);
	assert_sent(&self->server, 0, "GET /a HTTP/1.1\r\n");
	assert_sent(&self->server, 0, "\r\nAccept: text/plain\r\n");
	assert_not_sent(&self->server, 0, "Accept-Encoding");
}

/* Authorization for all, and an answer to challenges. */
struct test_authorizer {
	struct authorizer authorizer;
	bool parks;
	unsigned asked;
	unsigned challenges;
	unsigned forgotten;
	struct request *parked;
};

static enum authorization
test_authorize(struct authorizer *authorizer, struct request *request, char **ret_header,
	       struct error **err)
{
	struct test_authorizer *self = (struct test_authorizer *)authorizer;

	(void)err;
	self->asked++;
	if (self->parks) {
		self->parked = request;
		return AUTHORIZATION_PARKED;
	}
	*ret_header = xasprintf("Authorization: Bearer secret%u", self->challenges);
	return AUTHORIZATION_READY;
}

static bool
test_challenged(struct authorizer *authorizer, struct request *request)
{
	(void)request;
	((struct test_authorizer *)authorizer)->challenges++;
	return true;
}

static void
test_forget(struct authorizer *authorizer, struct request *request)
{
	(void)request;
	((struct test_authorizer *)authorizer)->forgotten++;
}

static const struct authorizer_ops test_authorizer_ops = { test_authorize, test_challenged,
							   test_forget };

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
	assert_string_equal(request_final_url(request), there);
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
	assert_int_equal(engine_step(self->engine, 0, &err), 0);
	request_free(TAKE_PTR(dropped));
	assert_int_equal(authorizer.forgotten, 1);
	assert_int_equal(engine_pending(self->engine), 0);
}

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
a_part_from_elsewhere_is_refused(void **state)
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
	assert_int_equal(request_attempts(request), ATTEMPTS_LIMIT_COUNT);
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
redirects_have_a_limit(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;

	http_server_answer(&self->server,
			   ANSWER("302 Found", "Location: /a\r\nContent-Length: 0\r\n", ""));
	assert_null(get(self, &err));
	assert_class(err, ERROR_UNAVAILABLE, "protocol");
	assert_int_equal(http_server_request_count(&self->server), REDIRECTS_LIMIT_COUNT + 1);
}

static void
a_redirect_may_be_the_answer(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;
	AUTO_REQUEST struct request *request = NULL;

	http_server_answer(&self->server,
			   ANSWER("303 See Other", "Location: /b\r\nContent-Length: 0\r\n", ""));
	request = perform(self, (struct request_options){ .flags = REQUEST_NO_REDIRECT }, &err);
	assert_non_null(request);
	assert_int_equal(request_status(request), 303);
	assert_string_equal(request_header(request, "location"), "/b");
}

static void
internal_addresses_are_not_led_to(void **state)
{
	static const char *const hosts[] = { "169.254.169.254", "0.0.0.0", "2852039166",
					     "0xa9.0xfe.43518", "[::ffff:a9fe:a9fe]" };
	struct fixture *self = *state;

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		AUTO_FREE char *answer = xasprintf(
			ANSWER("302 Found", "Location: https://%s/\r\nContent-Length: 0\r\n", ""),
			hosts[i]);
		AUTO_ERROR struct error *err = NULL;

		http_server_answer(&self->server, answer);
		assert_null(get(self, &err));
		assert_class(err, ERROR_UNAVAILABLE, "ssrf");
	}
}

static void
a_public_name_does_not_lead_home(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "2130706433",      "0x7f.1",
					     "[::1]",     "[::ffff:7f00:1]", "localhost" };
	struct fixture *self = *state;
	AUTO_FREE char *proxy = http_server_url(&self->server, "");
	const char *const named[] = { "registry.example", NULL };
	struct engine_options options = { .plain_http_hosts = named };
	AUTO_ERROR struct error *err = NULL;
	AUTO_ENGINE struct engine *engine = engine_new(&options, &err);

	setenv("http_proxy", proxy, 1);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		AUTO_FREE char *answer = xasprintf(
			ANSWER("302 Found", "Location: http://%s:1/\r\nContent-Length: 0\r\n", ""),
			hosts[i]);

		http_server_answer(&self->server, answer);
		assert_null(request_perform(
			engine, &(struct request_options){ .url = "http://registry.example/a" },
			&err));
		assert_class(err, ERROR_UNAVAILABLE, "ssrf");
		error_free(TAKE_PTR(err));
	}
	unsetenv("http_proxy");
	assert_int_equal(http_server_request_count(&self->server), sizeof(hosts) / sizeof(*hosts));
}

static void
a_proxy_that_wants_credentials_denies(void **state)
{
	struct fixture *self = *state;
	AUTO_FREE char *proxy = http_server_url(&self->server, "");
	AUTO_ERROR struct error *err = NULL;

	http_server_answer(&self->server, ANSWER("407 Proxy Authentication Required",
						 "Content-Length: 0\r\n", ""));
	setenv("https_proxy", proxy, 1);
	assert_null(request_perform(self->engine,
				    &(struct request_options){ .url = "https://registry.example/" },
				    &err));
	unsetenv("https_proxy");
	assert_class(err, ERROR_DENIED, "proxy");
	assert_sent(&self->server, 0, "CONNECT registry.example:443 ");
	assert_int_equal(http_server_request_count(&self->server), 1);
}

static void
plain_http_is_for_named_hosts_and_loopback(void **state)
{
	struct fixture *self = *state;
	AUTO_ERROR struct error *err = NULL;

	assert_null(request_start(self->engine,
				  &(struct request_options){ .url = "http://registry.example/" },
				  NULL, NULL, &err));
	assert_class(err, ERROR_UNAVAILABLE, "protocol");
	assert_non_null(error_hint(err));
	assert_int_equal(engine_pending(self->engine), 0);
	assert_true(engine_allows_plain_http(self->engine, "127.9.9.9:80"));
	assert_true(engine_allows_plain_http(self->engine, "localhost"));
	assert_true(engine_allows_plain_http(self->engine, "[::1]:5000"));
	assert_false(engine_allows_plain_http(self->engine, "10.0.0.1"));
}

static void
who_named_a_url_decides_where_it_may_lead(void **state)
{
	struct fixture *self = *state;
	AUTO_FREE char *url = http_server_url(&self->server, "/token");
	AUTO_ERROR struct error *err = NULL;

	assert_null(request_start(
		self->engine,
		&(struct request_options){ .url = url, .named_by = "https://ghcr.io/v2/" }, NULL,
		NULL, &err));
	assert_class(err, ERROR_UNAVAILABLE, "ssrf");
}

static void
no_https_speaker_is_refused_and_not_asked_again(void **state)
{
	struct fixture *self = *state;
	AUTO_FREE char *url = xasprintf("https://127.0.0.1:%u/", self->server.port);
	AUTO_ERROR struct error *err = NULL;

	http_server_answer(&self->server, "HTTP/1.1 400 Bad Request\r\n\r\n");
	assert_null(request_perform(self->engine, &(struct request_options){ .url = url }, &err));
	assert_class(err, ERROR_REFUSED, "tls");
	assert_non_null(strstr(error_text(err), "local date 20"));
	assert_non_null(error_hint(err));
	assert_int_equal(http_server_request_count(&self->server), 1);
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
		assert_int_equal(engine_step(self->engine, 1000, &err), 0);
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
	return (struct body_range){ 0, 0 };
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
	static const struct body_ops ops = { fickle_wanted, fickle_begin, fickle_write, NULL };
	struct fixture *self = *state;
	struct fickle_body body = { .body = { &ops } };
	AUTO_FREE char *url = http_server_url(&self->server, "/a");
	struct request_options options = { .url = url, .body = &body.body };
	AUTO_ERROR struct error *err = NULL;

	http_server_answer(&self->server, OK_HELLO);
	body.request = request_start(self->engine, &options, NULL, NULL, &err);
	while (engine_pending(self->engine) > 0)
		assert_int_equal(engine_step(self->engine, 1000, &err), 0);
	assert_null(body.request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_answer_has_status_headers_and_body, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_redirect_to_another_origin_drops_credentials,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_redirect_within_an_origin_keeps_credentials,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_challenge_is_answered_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_insufficient_scope_makes_403_a_challenge,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_parked_request_goes_on_when_resumed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_interrupted_body_goes_on_with_a_closed_range,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_whole_answer_to_a_range_starts_afresh, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_range_that_is_refused_is_left_out, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_body_that_is_whole_is_not_asked_for, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(answers_that_nobody_asked_for_are_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_part_from_elsewhere_is_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_failing_body_ends_the_request_at_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_status_that_may_pass_is_asked_six_times, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(trouble_that_passes_is_forgotten, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_broken_connection_is_an_error_after_six_attempts,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_caller_may_forbid_repeats, set_up, tear_down),
		cmocka_unit_test_setup_teardown(waiting_longer_than_anyone_would_is_an_answer,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_text_of_an_error_is_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_answer_past_its_limit_is_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(redirects_have_a_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_redirect_may_be_the_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(internal_addresses_are_not_led_to, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_public_name_does_not_lead_home, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_proxy_that_wants_credentials_denies, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(plain_http_is_for_named_hosts_and_loopback, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(who_named_a_url_decides_where_it_may_lead, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(no_https_speaker_is_refused_and_not_asked_again,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(endless_headers_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_http_is_not_asked_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(events_and_errors_hold_no_query, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bytes_of_a_body_are_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_upload_is_sent_and_sent_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_upload_of_nothing_says_so, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_header_that_breaks_the_line_is_not_sent, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(time_over_ends_everything, set_up, tear_down),
		cmocka_unit_test_setup_teardown(done_may_free_its_request_and_start_others, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_request_may_be_freed_while_it_is_fed, set_up,
						tear_down),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
