/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "http/headers.h"

static int
add(struct headers *headers, const char *line, struct error **err)
{
	return headers_add_line(headers, line, strlen(line), err);
}

static void
must_add(struct headers *headers, const char *line)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(add(headers, line, &err), 0);
}

static void
must_refuse(struct headers *headers, const char *line, size_t size)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(headers_add_line(headers, line, size, &err), -1);
	assert_int_equal(error_kind(err), ERROR_UNAVAILABLE);
	assert_string_equal(error_class(err), "protocol");
}

static void
fields_are_found_by_name_in_any_case(void **state)
{
	AUTO_HEADERS struct headers headers = { 0 };

	(void)state;
	must_add(&headers, "HTTP/1.1 404 Not Found\r\n");
	must_add(&headers, "Link: </a>\r\n");
	must_add(&headers, "link:\t </b> \t\r\n");
	must_add(&headers, "Empty:\r\n");
	must_add(&headers, "no colon\r\n");
	must_add(&headers, "\r\n");
	assert_int_equal(headers.status, 404);
	assert_true(headers.complete);
	assert_int_equal(headers_count(&headers, "LINK"), 2);
	assert_string_equal(headers_find(&headers, "link", 0), "</a>");
	assert_string_equal(headers_find(&headers, "link", 1), "</b>");
	assert_string_equal(headers_find(&headers, "empty", 0), "");
	assert_null(headers_find(&headers, "lin", 0));
}

static void
a_folded_line_continues_the_one_before(void **state)
{
	AUTO_HEADERS struct headers headers = { 0 };

	(void)state;
	must_add(&headers, "HTTP/1.1 200 OK\r\n");
	must_add(&headers, " nothing to continue\r\n");
	must_add(&headers, "Link: </a>; rel=prev,\r\n");
	must_add(&headers, " \t</b>; rel=next \r\n");
	must_add(&headers, "\r\n");
	assert_int_equal(headers.names.count, 1);
	assert_string_equal(headers_find(&headers, "link", 0), "</a>; rel=prev, </b>; rel=next");
}

static void
trailers_and_interim_responses_are_left_out(void **state)
{
	AUTO_HEADERS struct headers headers = { 0 };

	(void)state;
	must_add(&headers, "HTTP/1.1 103 Early Hints\r\n");
	must_add(&headers, "Link: </early>\r\n");
	must_add(&headers, "\r\n");
	must_add(&headers, "HTTP/2 200\r\n");
	must_add(&headers, "\r\n");
	must_add(&headers, "Docker-Content-Digest: late\r\n");
	assert_int_equal(headers.status, 200);
	assert_null(headers_find(&headers, "link", 0));
	assert_null(headers_find(&headers, "docker-content-digest", 0));
}

static void
interim_responses_have_a_limit(void **state)
{
	AUTO_HEADERS struct headers headers = { 0 };

	(void)state;
	for (unsigned i = 0; i < INTERIM_LIMIT_COUNT; i++) {
		must_add(&headers, "HTTP/1.1 100 Continue\r\n");
		must_add(&headers, "\r\n");
	}
	must_refuse(&headers, "HTTP/1.1 100 Continue\r\n", 23);
}

static void
fields_have_a_limit(void **state)
{
	AUTO_HEADERS struct headers headers = { 0 };

	(void)state;
	must_add(&headers, "HTTP/1.1 200 OK\r\n");
	for (unsigned i = 0; i < HEADERS_LIMIT_COUNT; i++)
		must_add(&headers, "A: b\r\n");
	must_refuse(&headers, "A: b\r\n", 6);
}

static void
bytes_have_a_limit(void **state)
{
	AUTO_FREE char *line = xcalloc(1, HEADERS_LIMIT_BYTES + 2);

	(void)state;
	memset(line, 'a', HEADERS_LIMIT_BYTES + 1);
	line[1] = ':';
	for (size_t over = 0; over < 2; over++) {
		AUTO_HEADERS struct headers headers = { 0 };

		must_add(&headers, "HTTP/1.1 200 OK\r\n");
		if (over)
			must_refuse(&headers, line, HEADERS_LIMIT_BYTES + 1);
		else
			assert_int_equal(
				headers_add_line(&headers, line, HEADERS_LIMIT_BYTES, NULL), 0);
	}
}

static void
what_is_not_http_is_refused(void **state)
{
	AUTO_HEADERS struct headers headers = { 0 };

	(void)state;
	must_refuse(&headers, "HTTP/1.1\r\n", 10);
	must_refuse(&headers, "HTTP/1.1 2x0 OK\r\n", 17);
	must_refuse(&headers, "HTTP/1.1 099 OK\r\n", 17);
	must_refuse(&headers, "A: b\0c\r\n", 8);
}

static void
two_lengths_are_refused_unless_they_agree(void **state)
{
	AUTO_HEADERS struct headers headers = { 0 };

	(void)state;
	must_add(&headers, "HTTP/1.1 200 OK\r\n");
	must_add(&headers, "Content-Length: 5\r\n");
	must_add(&headers, "Content-Length: 5\r\n");
	must_add(&headers, "\r\n");
	must_add(&headers, "HTTP/1.1 200 OK\r\n");
	must_add(&headers, "Content-Length: 5\r\n");
	must_add(&headers, "Content-Length: 6\r\n");
	must_refuse(&headers, "\r\n", 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_found_by_name_in_any_case),
		cmocka_unit_test(a_folded_line_continues_the_one_before),
		cmocka_unit_test(trailers_and_interim_responses_are_left_out),
		cmocka_unit_test(interim_responses_have_a_limit),
		cmocka_unit_test(fields_have_a_limit),
		cmocka_unit_test(bytes_have_a_limit),
		cmocka_unit_test(what_is_not_http_is_refused),
		cmocka_unit_test(two_lengths_are_refused_unless_they_agree),
	};

	return cmocka_run_group_tests_name("headers", tests, NULL, NULL);
}
