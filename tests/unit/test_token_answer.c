/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "registry/auth/token_answer.h"
#include "registry/auth/token_scope.h"

struct taken {
	const char *text;
	const char *token;
	int64_t life_s;
};

static const struct taken taken[] = {
	{ "{\"token\": \"t\"}", "t", 60 },
	{ "{\"access_token\": \"a\"}", "a", 60 },
	{ "{\"token\": \"t\", \"access_token\": \"a\"}", "t", 60 },
	{ "{\"token\": \"\", \"access_token\": \"a\"}", "a", 60 },
	{ "{\"token\": null, \"access_token\": \"a\"}", "a", 60 },
	{ "{\"token\": \"t\", \"expires_in\": 0}", "t", 60 },
	{ "{\"token\": \"t\", \"expires_in\": -1}", "t", 60 },
	{ "{\"token\": \"t\", \"expires_in\": 59}", "t", 60 },
	{ "{\"token\": \"t\", \"expires_in\": 60}", "t", 60 },
	{ "{\"token\": \"t\", \"expires_in\": 61}", "t", 61 },
	{ "{\"token\": \"t\", \"expires_in\": 300.7}", "t", 300 },
	{ "{\"token\": \"t\", \"expires_in\": \"300\"}", "t", 60 },
	{ "{\"token\": \"t\", \"expires_in\": 3600}", "t", 3600 },
	{ "{\"token\": \"t\", \"expires_in\": 3601}", "t", 3600 },
	{ "{\"token\": \"t\", \"expires_in\": 1e99}", "t", 3600 },
	{ "{\"token\": \"t\", \"issued_at\": \"2001-01-01T00:00:00Z\", \"expires_in\": 300}", "t",
	  300 },
	{ "{\"token\": \"a.b-c_d~e+f/g==\"}", "a.b-c_d~e+f/g==", 60 },
};

struct refused {
	const char *text;
	enum error_kind kind;
};

static const struct refused refused[] = {
	{ "{}", ERROR_DENIED },
	{ "{\"token\": \"\"}", ERROR_DENIED },
	{ "{\"token\": 7}", ERROR_DENIED },
	{ "{\"token\": {\"token\": \"t\"}}", ERROR_DENIED },
	{ "{\"errors\": [{\"code\": \"DENIED\"}]}", ERROR_DENIED },
	{ "", ERROR_UNAVAILABLE },
	{ "[\"t\"]", ERROR_UNAVAILABLE },
	{ "<html>log in</html>", ERROR_UNAVAILABLE },
	{ "{\"token\": \"t\"", ERROR_UNAVAILABLE },
	{ "{\"token\": \"t\"} trailing", ERROR_UNAVAILABLE },
	{ "{\"token\": \"t\", \"token\": \"u\"}", ERROR_UNAVAILABLE },
	{ "{\"token\": \"a\\r\\nX-Evil: b\"}", ERROR_UNAVAILABLE },
	{ "{\"token\": \"a\\u0000b\"}", ERROR_UNAVAILABLE },
	{ "{\"token\": \"a b\"}", ERROR_UNAVAILABLE },
	{ "{\"token\": \"\\u00e9\"}", ERROR_UNAVAILABLE },
	{ "{\"token\": \"\\u007f\"}", ERROR_UNAVAILABLE },
};

static void
an_answer_is_read_as_the_field_writes_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		AUTO_TOKEN_ANSWER struct token_answer answer = { 0 };
		AUTO_ERROR struct error *err = NULL;

		if (token_answer_parse(taken[i].text, strlen(taken[i].text), &answer, &err) < 0)
			fail_msg("%s: %s", taken[i].text, error_text(err));
		assert_string_equal(answer.token, taken[i].token);
		if (answer.life_s != taken[i].life_s)
			fail_msg("%s: %d s", taken[i].text, (int)answer.life_s);
	}
}

static void
what_is_no_token_is_never_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		AUTO_TOKEN_ANSWER struct token_answer answer = { 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(
			token_answer_parse(refused[i].text, strlen(refused[i].text), &answer, &err),
			-1);
		if (error_kind(err) != refused[i].kind || answer.token)
			fail_msg("%s: %s", refused[i].text, error_text(err));
	}
}

static void
the_message_never_shows_the_token(void **state)
{
	static const char text[] = "{\"token\": \"s3cret\\n\"}";
	AUTO_TOKEN_ANSWER struct token_answer answer = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(token_answer_parse(text, strlen(text), &answer, &err), -1);
	assert_null(strstr(error_text(err), "s3cret"));
}

static void
scopes_are_a_set(void **state)
{
	AUTO_STRINGS struct strings scopes = { 0 };
	AUTO_FREE char *joined = NULL;

	(void)state;
	assert_true(scope_add(&scopes, "repository:a:pull"));
	assert_false(scope_add(&scopes, "repository:a:pull"));
	assert_false(scope_add(&scopes, "repository:user/image:pull"));
	assert_true(scope_is_pull(&scopes));
	assert_true(scope_add(&scopes, " repository:b:pull  repository:a:pull,push "));
	assert_false(scope_is_pull(&scopes));
	joined = scope_join(&scopes);
	assert_string_equal(joined, "repository:a:pull repository:b:pull repository:a:pull,push");
}

static void
no_scope_at_all_is_no_pull_scope(void **state)
{
	AUTO_STRINGS struct strings scopes = { 0 };

	(void)state;
	assert_false(scope_is_pull(&scopes));
}

static void
a_challenge_cannot_ask_for_more_than_pull_and_push(void **state)
{
	AUTO_STRINGS struct strings scopes = { 0 };

	(void)state;
	assert_false(scope_add_asked(&scopes, "repository:a:delete repository:a:pull,delete "
					      "registry:catalog:* repository:a:*"));
	assert_true(scope_add_asked(&scopes, "repository:a:push,pull"));
	assert_int_equal(scopes.count, 1);
}

static void
the_number_of_scopes_has_a_limit(void **state)
{
	AUTO_STRINGS struct strings scopes = { 0 };
	char scope[] = "repository:a:pull";

	(void)state;
	for (size_t i = 0; i <= SCOPES_LIMIT_COUNT; i++) {
		scope[strlen("repository:")] = (char)('a' + i);
		assert_int_equal(scope_add(&scopes, scope), i < SCOPES_LIMIT_COUNT);
	}
	assert_int_equal(scopes.count, SCOPES_LIMIT_COUNT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_read_as_the_field_writes_it),
		cmocka_unit_test(what_is_no_token_is_never_one),
		cmocka_unit_test(the_message_never_shows_the_token),
		cmocka_unit_test(scopes_are_a_set),
		cmocka_unit_test(no_scope_at_all_is_no_pull_scope),
		cmocka_unit_test(a_challenge_cannot_ask_for_more_than_pull_and_push),
		cmocka_unit_test(the_number_of_scopes_has_a_limit),
	};

	return cmocka_run_group_tests_name("token answer", tests, NULL, NULL);
}
