/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "http/challenge.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const char *
shown(const char *text)
{
	return text ? text : "-";
}

/* "Bearer realm service scope error; ..." */
static char *
describe(const struct challenges *challenges)
{
	static const char *const schemes[] = { "Other", "Basic", "Bearer" };
	char *text = xstrdup("");

	for (size_t i = 0; i < challenges->count; i++) {
		const struct challenge *item = &challenges->items[i];
		AUTO_FREE char *before = text;

		text = xasprintf("%s%s%s %s %s %s %s", before, i ? "; " : "", schemes[item->scheme],
				 shown(item->realm), shown(item->service), shown(item->scope),
				 shown(item->error));
	}
	return text;
}

static void
challenges_are_read_as_registries_write_them(void **state)
{
	static const struct {
		const char *header;
		const char *expected;
	} cases[] = {
		{ "Bearer realm=\"https://ghcr.io/token\",service=\"ghcr.io\","
		  "scope=\"repository:user/image:pull\"",
		  "Bearer https://ghcr.io/token ghcr.io repository:user/image:pull -" },
		{ "bEaReR REALM=\"r\"", "Bearer r - - -" },
		{ "Basic realm=\"Registry Realm\"", "Basic Registry Realm - - -" },
		{ "Bearer realm=\"r\", scope=\"repository:a:pull,push repository:b:pull\"",
		  "Bearer r - repository:a:pull,push repository:b:pull -" },
		{ "Basic realm=\"a, Bearer realm=b\"", "Basic a, Bearer realm=b - - -" },
		{ "Basic realm=\"b\", Bearer realm=\"t\",service=s",
		  "Basic b - - -; Bearer t s - -" },
		{ "Negotiate, Basic realm=\"b\"", "Other - - - -; Basic b - - -" },
		{ "Negotiate dG9rZW4=, Basic realm=\"b\"", "Other - - - -; Basic b - - -" },
		{ "Bearer realm = \"r\" , error = insufficient_scope",
		  "Bearer r - - insufficient_scope" },
		{ "Bearer realm=\"say \\\"hi\\\"\"", "Bearer say \"hi\" - - -" },
		{ "Bearer realm=https://a.example/token,service=x",
		  "Bearer https://a.example/token x - -" },
		{ "Bearer", "Bearer - - - -" },
		{ "Bearer realm=\"a\",realm=\"b\"", "Bearer a - - -" },
		{ "Bearer realm=\"unterminated", "Bearer - - - -" },
		{ "Bearer unknown=\"x\", realm=\"r\"", "Bearer r - - -" },
		{ "", "" },
		{ " , ,", "" },
		{ "=", "" },
		{ "realm=\"r\"", "" },
		{ "\"Bearer realm=x\"", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_CHALLENGES struct challenges challenges = { 0 };
		AUTO_FREE char *text = NULL;

		challenges_parse(cases[i].header, &challenges);
		text = describe(&challenges);
		if (strcmp(text, cases[i].expected) != 0)
			fail_msg("'%s' was read as '%s'", cases[i].header, text);
	}
}

static void
bearer_comes_before_basic(void **state)
{
	AUTO_CHALLENGES struct challenges challenges = { 0 };

	(void)state;
	challenges_parse("Negotiate", &challenges);
	assert_null(challenges_choose(&challenges));
	challenges_parse("Basic realm=\"b\"", &challenges);
	assert_int_equal(challenges_choose(&challenges)->scheme, CHALLENGE_BASIC);
	challenges_parse("Bearer realm=\"t\"", &challenges);
	assert_int_equal(challenges_choose(&challenges)->scheme, CHALLENGE_BEARER);
	assert_string_equal(challenges_choose(&challenges)->realm, "t");
}

static void
a_challenge_has_a_limit(void **state)
{
	static const char start[] = "Bearer realm=";

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		AUTO_CHALLENGES struct challenges challenges = { 0 };
		AUTO_FREE char *header = xcalloc(1, CHALLENGE_LIMIT_BYTES + over + 1);

		memset(header, 'a', CHALLENGE_LIMIT_BYTES + over);
		memcpy(header, start, strlen(start));
		challenges_parse(header, &challenges);
		assert_int_equal(challenges.count, over ? 0 : 1);
	}
}

static void
many_challenges_are_not_all_kept(void **state)
{
	AUTO_CHALLENGES struct challenges challenges = { 0 };

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		challenges_parse("A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P,Q,R,S,T", &challenges);
	assert_int_equal(challenges.count, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(challenges_are_read_as_registries_write_them),
		cmocka_unit_test(bearer_comes_before_basic),
		cmocka_unit_test(a_challenge_has_a_limit),
		cmocka_unit_test(many_challenges_are_not_all_kept),
	};

	return cmocka_run_group_tests_name("challenge", tests, NULL, NULL);
}
