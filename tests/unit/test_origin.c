/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "http/origin.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void
an_origin_is_normalised(void **state)
{
	static const struct {
		const char *url;
		const char *origin;
	} cases[] = {
		{ "https://ghcr.io/v2/", "https ghcr.io 443" },
		{ "https://GHCR.IO", "https ghcr.io 443" },
		{ "HTTPS://ghcr.io.:443/x?y", "https ghcr.io 443" },
		{ "https://ghcr.io:444/", "https ghcr.io 444" },
		{ "http://ghcr.io/", "http ghcr.io 80" },
		{ "http://[::1]:5000/", "http [::1] 5000" },
		{ "http://127.0.0.1:5000/", "http 127.0.0.1 5000" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_ORIGIN struct origin origin = { 0 };
		AUTO_ERROR struct error *err = NULL;
		AUTO_FREE char *text = NULL;

		assert_int_equal(origin_parse(cases[i].url, &origin, &err), 0);
		text = xasprintf("%s %s %s", origin.scheme, origin.host, origin.port);
		assert_string_equal(text, cases[i].origin);
	}
}

static void
what_is_no_plain_web_url_is_refused(void **state)
{
	static const char *const urls[] = {
		"",
		"ghcr.io",
		"//ghcr.io/",
		"ftp://ghcr.io/",
		"file:///etc/passwd",
		"https://",
		"https:///v2/",
		"https://user@ghcr.io/",
		"https://user:secret@ghcr.io/",
		"https://ghcr.io@evil.example/",
		"https://ghcr.io:99999/",
		"https://ghcr.io:x/",
		"https://ghcr.io/a\r\nb",
		"https://ghcr.io/\x7f",
		"https://gh cr.io/",
		"https://ghcr\xc3\xa9.io/",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		AUTO_ORIGIN struct origin origin = { 0 };
		AUTO_ERROR struct error *err = NULL;

		if (origin_parse(urls[i], &origin, &err) == 0)
			fail_msg("'%s' passed", urls[i]);
		assert_null(origin.host);
		assert_int_equal(error_kind(err), ERROR_UNAVAILABLE);
		assert_string_equal(error_class(err), "protocol");
		assert_null(strstr(error_text(err), "secret"));
	}
}

static void
a_url_has_a_limit(void **state)
{
	AUTO_FREE char *url = xcalloc(1, URL_LIMIT_CHARS + 2);
	AUTO_ERROR struct error *err = NULL;
	AUTO_ORIGIN struct origin origin = { 0 };
	AUTO_ORIGIN struct origin none = { 0 };

	(void)state;
	memset(url, 'a', URL_LIMIT_CHARS);
	memcpy(url, "https://h/", 10);
	assert_int_equal(origin_parse(url, &origin, &err), 0);
	url[URL_LIMIT_CHARS] = 'a';
	assert_int_equal(origin_parse(url, &none, &err), -1);
	assert_string_equal(error_class(err), "protocol");
}

static void
origins_differ_in_each_part(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool are_equal;
	} cases[] = {
		{ "https://a.example/x", "https://A.example:443/y", true },
		{ "https://a.example/", "http://a.example/", false },
		{ "https://a.example/", "https://a.example:444/", false },
		{ "https://a.example/", "https://b.example/", false },
		{ "https://a.example/", "https://a.example.evil/", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_ORIGIN struct origin a = { 0 };
		AUTO_ORIGIN struct origin b = { 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(origin_parse(cases[i].a, &a, &err), 0);
		assert_int_equal(origin_parse(cases[i].b, &b, &err), 0);
		assert_int_equal(origin_equal(&a, &b), cases[i].are_equal);
	}
}

static void
a_location_is_resolved(void **state)
{
	static const struct {
		const char *location;
		const char *url;
	} cases[] = {
		{ "https://b.example/x?y=z", "https://b.example/x?y=z" },
		{ "/v2/n/blobs/uploads/u?_state=a%2Bb",
		  "https://a.example/v2/n/blobs/uploads/u?_state=a%2Bb" },
		{ "u2", "https://a.example/v2/n/blobs/uploads/u2" },
		{ "?state=1", "https://a.example/v2/n/blobs/uploads/u?state=1" },
		{ "//b.example/x", "https://b.example/x" },
		{ "/x#fragment", "https://a.example/x" },
		{ "/x y", "https://a.example/x%20y" },
		{ "", NULL },
		{ "file:///etc/passwd", NULL },
		{ "ftp://b.example/", NULL },
		{ "https://u:p@b.example/", NULL },
		{ "//", NULL },
		{ "/a\r\nX: y", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_ERROR struct error *err = NULL;
		AUTO_FREE char *url = url_resolve("https://a.example/v2/n/blobs/uploads/u?s=1",
						  cases[i].location, &err);

		if (cases[i].url) {
			assert_non_null(url);
			assert_string_equal(url, cases[i].url);
			continue;
		}
		if (url)
			fail_msg("'%s' led to '%s'", cases[i].location, url);
		assert_string_equal(error_class(err), "protocol");
	}
}

static void
a_query_is_added_and_encoded(void **state)
{
	static const struct {
		const char *url;
		const char *result;
	} cases[] = {
		{ "https://a.example/u", "https://a.example/u?digest=sha256%3Aab%26c" },
		{ "https://a.example/u?s=1", "https://a.example/u?s=1&digest=sha256%3Aab%26c" },
		{ "https://a.example/u?s=a%2Fb&",
		  "https://a.example/u?s=a%2Fb&digest=sha256%3Aab%26c" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_ERROR struct error *err = NULL;
		AUTO_FREE char *url = url_add_query(cases[i].url, "digest", "sha256:ab&c", &err);

		assert_non_null(url);
		assert_int_equal(strcasecmp(url, cases[i].result), 0);
	}
}

static void
loopback_is_told_by_name_and_number(void **state)
{
	static const struct {
		const char *url;
		bool is_loopback;
	} cases[] = {
		{ "http://localhost/", true },       { "http://x.localhost:1/", true },
		{ "http://127.8.9.1:5/", true },     { "http://[::1]/", true },
		{ "http://localhost.evil/", false }, { "http://notlocalhost/", false },
		{ "http://10.0.0.1/", false },       { "http://128.0.0.1/", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_ORIGIN struct origin origin = { 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(origin_parse(cases[i].url, &origin, &err), 0);
		assert_int_equal(origin_is_loopback(&origin), cases[i].is_loopback);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_origin_is_normalised),
		cmocka_unit_test(what_is_no_plain_web_url_is_refused),
		cmocka_unit_test(a_url_has_a_limit),
		cmocka_unit_test(origins_differ_in_each_part),
		cmocka_unit_test(a_location_is_resolved),
		cmocka_unit_test(a_query_is_added_and_encoded),
		cmocka_unit_test(loopback_is_told_by_name_and_number),
	};

	return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
