/* SPDX-License-Identifier: Apache-2.0 */
#include "http_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

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
	assert_non_null(strstr(error_text(err), "speaks plain http, not TLS"));
	assert_non_null(error_hint(err));
	assert_int_equal(http_server_request_count(&self->server), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(redirects_have_a_limit),
		FIXTURE_TEST(a_redirect_may_be_the_answer),
		FIXTURE_TEST(internal_addresses_are_not_led_to),
		FIXTURE_TEST(a_public_name_does_not_lead_home),
		FIXTURE_TEST(a_proxy_that_wants_credentials_denies),
		FIXTURE_TEST(plain_http_is_for_named_hosts_and_loopback),
		FIXTURE_TEST(who_named_a_url_decides_where_it_may_lead),
		FIXTURE_TEST(no_https_speaker_is_refused_and_not_asked_again),
	};

	return cmocka_run_group_tests_name("redirect", tests, NULL, NULL);
}
