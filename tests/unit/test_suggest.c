/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/suggest.h"

static void
a_slip_or_two_are_seen_through(void **state)
{
	static const struct {
		const char *word;
		const char *name;
	} cases[] = {
		{ "pul", "pull" },
		{ "plul", "pull" },
		{ "pulll", "pull" },
		{ "pusj", "push" },
		{ "fingreprnt", "fingerprint" },
		{ "Fingerprint", "fingerprint" },
		{ "ps", NULL },
		{ "xyz", NULL },
		{ "", NULL },
		{ "pull-pull-pull-pull-pull-pull-pull-pull", NULL },
	};
	AUTO_STRINGS struct strings names = { 0 };

	(void)state;
	strings_add(&names, "fingerprint");
	strings_add(&names, "pull");
	strings_add(&names, "push");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *found = suggest(&names, cases[i].word);

		if (cases[i].name)
			assert_string_equal(found, cases[i].name);
		else
			assert_null(found);
	}
}

static void
a_hint_is_set_where_a_name_is_near(void **state)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_ERROR struct error *error = NULL;

	(void)state;
	strings_add(&names, "pull");
	error_set(&error, ERROR_USAGE, "x");
	assert_false(suggest_hint(&error, &names, "copy"));
	assert_null(error_hint(error));
	assert_true(suggest_hint(&error, &names, "pul"));
	assert_string_equal(error_hint(error), "did you mean 'pull'?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slip_or_two_are_seen_through),
		cmocka_unit_test(a_hint_is_set_where_a_name_is_near),
	};

	return cmocka_run_group_tests_name("suggest", tests, NULL, NULL);
}
