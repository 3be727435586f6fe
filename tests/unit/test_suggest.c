#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/complete/suggest.h"
#include "cli/options/choice.h"

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
a_choice_is_lower_case_with_a_bar(void **state)
{
	(void)state;
	assert_true(choice_is("auto|never", 10));
	assert_false(choice_is("IMAGE|REF", 9));
	assert_false(choice_is("auto", 4));
	assert_false(choice_is("", 0));
	assert_true(choice_has("auto|never", "auto"));
	assert_true(choice_has("auto|never", "never"));
	assert_false(choice_has("auto|never", "nev"));
	assert_false(choice_has("auto|never", "auto|never"));
	assert_false(choice_has("auto|never", ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slip_or_two_are_seen_through),
		cmocka_unit_test(a_choice_is_lower_case_with_a_bar),
	};

	return cmocka_run_group_tests_name("suggest", tests, NULL, NULL);
}
