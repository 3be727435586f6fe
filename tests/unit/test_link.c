/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "registry/link.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void
the_next_page_is_found_wherever_it_stands(void **state)
{
	static const struct {
		const char *value;
		const char *target; /* NULL: none */
	} cases[] = {
		{ "</n>; rel=\"next\"", "/n" },
		{ "</n>;rel=next", "/n" },
		{ "</n> \t; \t rel \t= \tNEXT", "/n" },
		{ "</n>; REL=\"prev next last\"", "/n" },
		{ "</n>; title=\"a, b; rel=prev\"; rel=next", "/n" },
		{ "</n>; title=\"quote \\\" and, comma\"; rel=next;", "/n" },
		{ "</p>; rel=prev, </n>; rel=next, </l>; rel=last", "/n" },
		{ ", ,</style.css>; rel=preload; as=style; crossorigin, </n>; rel=next,", "/n" },
		{ "<?last=a,b;c>; rel=next", "?last=a,b;c" },
		{ "<>; rel=next", "" },
		{ "</n>; rel=next, </n>; rel=next", "/n" },
		{ "</n>; title*=UTF-8''n%c3%a4chste; rel=next", "/n" },
		{ "", NULL },
		{ "</n>", NULL },
		{ "</n>; rel=", NULL },
		{ "</n>; rel=nextish", NULL },
		{ "</n>; rel=\"x-next\"", NULL },
		{ "</n>; rev=next", NULL },
		{ "</n>; rel=prev; rel=next", NULL },
		{ "</n>; rel=prev; title=\"next to come\"", NULL },
		{ "</next>; rel=prev", NULL },
		{ "</n>; rel=next; anchor=\"/other\"", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_ERROR struct error *err = NULL;
		AUTO_FREE char *target = NULL;

		if (link_parse_next(cases[i].value, &target, &err) < 0)
			fail_msg("%s: %s", cases[i].value, error_text(err));
		if (!target != !cases[i].target || (target && strcmp(target, cases[i].target) != 0))
			fail_msg("%s: found %s", cases[i].value, target ? target : "nothing");
	}
}

static void
a_header_that_cannot_be_read_is_not_taken_for_the_end(void **state)
{
	static const char *const values[] = {
		"/n; rel=next",
		"</n; rel=next",
		"</n>; rel=\"next",
		"</n>; =x; rel=next",
		"</n> rel=next",
		"</p>; rel=prev </n>; rel=next",
		"</n>; rel=next, </m>; rel=next",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		AUTO_ERROR struct error *err = NULL;
		AUTO_FREE char *target = NULL;

		if (link_parse_next(values[i], &target, &err) == 0)
			fail_msg("%s: taken", values[i]);
		assert_int_equal(error_kind(err), ERROR_UNAVAILABLE);
		assert_string_equal(error_class(err), "protocol");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_page_is_found_wherever_it_stands),
		cmocka_unit_test(a_header_that_cannot_be_read_is_not_taken_for_the_end),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
