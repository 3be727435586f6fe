/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "registry/problem.h"

#define ERRORS(code, message) \
	"{\"errors\": [{\"code\": \"" code "\", \"message\": \"" message "\"}]}"

struct row {
	int http_status;
	const char *body;
	enum error_kind kind;
	const char *class_name; /* NULL: none */
	bool retryable;
};

static const struct row rows[] = {
	{ 401, ERRORS("UNAUTHORIZED", "authentication required"), ERROR_DENIED, NULL, false },
	{ 403, ERRORS("DENIED", "denied"), ERROR_DENIED, NULL, false },
	{ 403, "", ERROR_DENIED, NULL, false },
	{ 403, ERRORS("DENIED", "storage Quota exceeded"), ERROR_FAILURE, "quota", false },
	{ 403, ERRORS("DENIED", "your storage limit is reached"), ERROR_FAILURE, "quota", false },
	{ 413, "", ERROR_FAILURE, "quota", false },
	{ 507, "", ERROR_FAILURE, "quota", false },
	{ 429, ERRORS("TOOMANYREQUESTS", "retry-after: 1.1ms"), ERROR_RATE, NULL, true },
	{ 429, "", ERROR_RATE, NULL, true },
	{ 503, ERRORS("TOOMANYREQUESTS", "slow down"), ERROR_RATE, NULL, true },
	{ 404, ERRORS("NAME_UNKNOWN", "unknown"), ERROR_UNAVAILABLE, "not_found", false },
	{ 404, "<html>nothing here</html>", ERROR_UNAVAILABLE, "protocol", false },
	{ 408, "", ERROR_UNAVAILABLE, "server", true },
	{ 500, "oops", ERROR_UNAVAILABLE, "server", true },
	{ 502, "<html>Bad Gateway</html>", ERROR_UNAVAILABLE, "server", true },
	{ 400, ERRORS("MANIFEST_INVALID", "bad"), ERROR_UNAVAILABLE, "protocol", false },
	{ 302, "", ERROR_UNAVAILABLE, "protocol", false },
	{ 200, ERRORS("UNKNOWN", "with a success"), ERROR_UNAVAILABLE, "protocol", false },
	{ 401, "{\"errors\": []}", ERROR_DENIED, NULL, false },
	{ 401, "{\"errors\": {\"code\": \"X\"}}", ERROR_DENIED, NULL, false },
	{ 401, "{\"errors\": [7]}", ERROR_DENIED, NULL, false },
	{ 401, "{\"errors\": [{\"code\": 7, \"message\": null}]}", ERROR_DENIED, NULL, false },
	{ 401, "[]", ERROR_DENIED, NULL, false },
};

static const struct problem_context context = { .host = "example.org" };

static bool
is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void
a_refusal_among_absences_is_what_counts(void **state)
{
	static const char body[] = "{\"errors\": [{\"code\": \"MANIFEST_UNKNOWN\"}, "
				   "{\"code\": \"DENIED\", \"message\": \"no\"}]}";
	AUTO_PROBLEM struct problem problem = { 0 };

	(void)state;
	problem_parse(404, body, strlen(body), &problem);
	assert_string_equal(problem.code, "DENIED");
}

static void
the_status_and_the_code_give_the_kind_of_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO_PROBLEM struct problem problem = { 0 };
		AUTO_ERROR struct error *err = NULL;

		problem_parse(rows[i].http_status, rows[i].body, strlen(rows[i].body), &problem);
		assert_int_equal(problem_set_error(&problem, &context, &err), -1);
		if (error_kind(err) != rows[i].kind ||
		    !is_same(error_class(err), rows[i].class_name) ||
		    error_remote(err)->retryable != rows[i].retryable ||
		    error_remote(err)->http_status != rows[i].http_status)
			fail_msg("%d %s", rows[i].http_status, rows[i].body);
	}
}

static void
read_problem(int http_status, const char *body, struct problem *problem)
{
	problem_parse(http_status, body, strlen(body), problem);
}

static void
code_and_message_come_from_the_first_error(void **state)
{
	AUTO_PROBLEM struct problem problem = { 0 };

	(void)state;
	read_problem(403,
		     "{\"errors\": [{\"code\": \"A\", \"message\": \"one\", \"detail\": {}}, "
		     "{\"code\": \"B\"}]}",
		     &problem);
	assert_true(problem_has_code(&problem, "A"));
	assert_false(problem_has_code(&problem, "B"));
	assert_true(problem_mentions(&problem, "ONE"));
	assert_string_equal(problem.message, "one");
}

static void
token_servers_and_gateways_are_quoted_too(void **state)
{
	static const char *const bodies[] = {
		"{\"message\": \"said\"}",
		"{\"details\": \"said\"}",
		"{\"error\": \"invalid_grant\", \"error_description\": \"said\"}",
		"{\"error\": \"said\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		AUTO_PROBLEM struct problem problem = { 0 };

		read_problem(401, bodies[i], &problem);
		assert_null(problem.code);
		assert_string_equal(problem.message, "said");
	}
}

static void
foreign_text_is_made_harmless(void **state)
{
	AUTO_PROBLEM struct problem problem = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	read_problem(403, ERRORS("X\\u001b[1m", "a\\n::set-env name=x::\\u202e"), &problem);
	problem_set_error(&problem, &context, &err);
	assert_null(strchr(error_text(err), '\n'));
	assert_null(strchr(error_text(err), '\033'));
	assert_null(strstr(error_text(err), "::"));
	assert_null(strstr(error_text(err), "\xe2\x80\xae"));
}

static void
a_page_is_told_from_an_answer(void **state)
{
	AUTO_PROBLEM struct problem page = { 0 };
	AUTO_PROBLEM struct problem plain = { 0 };

	(void)state;
	read_problem(404, " \r\n<!DOCTYPE html>", &page);
	read_problem(404, "404 page not found\n", &plain);
	assert_true(page.is_page);
	assert_false(plain.is_page);
}

static bool
speaks_of_https(int http_status, const char *code, bool is_plain)
{
	const struct problem_context asked = { .host = "localhost", .is_plain = is_plain };
	AUTO_PROBLEM struct problem problem = {
		.http_status = http_status,
		.code = xstrdup_null(code),
	};
	AUTO_ERROR struct error *err = NULL;

	problem_set_error(&problem, &asked, &err);
	return error_hint(err) && strstr(error_hint(err), "--tls-ca");
}

static void
who_takes_no_plain_http_says_400(void **state)
{
	(void)state;
	assert_true(speaks_of_https(400, NULL, true));
	assert_false(speaks_of_https(400, NULL, false));
	assert_false(speaks_of_https(400, "MANIFEST_INVALID", true));
	assert_false(speaks_of_https(410, NULL, true));
}

static char *
hint_for(const char *host, const char *source, bool for_push)
{
	const struct problem_context asked = { host, source, for_push, false };
	AUTO_PROBLEM struct problem problem = { .http_status = 403 };
	AUTO_ERROR struct error *err = NULL;

	problem_set_error(&problem, &asked, &err);
	if (source)
		assert_non_null(strstr(error_text(err), source));
	return xstrdup(error_hint(err));
}

static void
a_refusal_comes_with_what_can_be_done(void **state)
{
	AUTO_FREE char *push = hint_for("ghcr.io", "GITHUB_TOKEN", true);
	AUTO_FREE char *pull = hint_for("ghcr.io", "GITHUB_TOKEN", false);
	AUTO_FREE char *nobody = hint_for("ghcr.io", NULL, false);
	AUTO_FREE char *other = hint_for("r.example", "~/.docker/config.json", false);
	AUTO_FREE char *given = hint_for("r.example", "--username", false);
	AUTO_FREE char *login = hint_for("r.example", "the given credentials", false);
	AUTO_FREE char *other_nobody = hint_for("r.example", NULL, true);

	(void)state;
	assert_non_null(strstr(push, "packages: write"));
	assert_non_null(strstr(push, "Manage Actions access"));
	assert_non_null(strstr(pull, "expired"));
	assert_non_null(strstr(nobody, "private"));
	assert_non_null(strstr(other, "auth explain r.example"));
	assert_non_null(strstr(given, "check the user name"));
	assert_non_null(strstr(login, "check the user name"));
	assert_non_null(strstr(other_nobody, "login r.example"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_among_absences_is_what_counts),
		cmocka_unit_test(the_status_and_the_code_give_the_kind_of_error),
		cmocka_unit_test(code_and_message_come_from_the_first_error),
		cmocka_unit_test(token_servers_and_gateways_are_quoted_too),
		cmocka_unit_test(foreign_text_is_made_harmless),
		cmocka_unit_test(a_page_is_told_from_an_answer),
		cmocka_unit_test(who_takes_no_plain_http_says_400),
		cmocka_unit_test(a_refusal_comes_with_what_can_be_done),
	};

	return cmocka_run_group_tests_name("problem", tests, NULL, NULL);
}
