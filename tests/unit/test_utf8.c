/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"

static const struct {
	const char *bytes;
	size_t size;
	size_t length; /* 0: broken */
	uint32_t code;
} cases[] = {
	{ "", 0, 0, 0 },
	{ "\0", 1, 1, 0 },
	{ "a", 1, 1, 'a' },
	{ "ab", 2, 1, 'a' },
	{ "\x7f", 1, 1, 0x7f },
	{ "\xc2\x80", 2, 2, 0x80 },
	{ "\xdf\xbf", 2, 2, 0x7ff },
	{ "\xe0\xa0\x80", 3, 3, 0x800 },
	{ "\xe2\x80\xae", 3, 3, 0x202e },
	{ "\xed\x9f\xbf", 3, 3, 0xd7ff },
	{ "\xee\x80\x80", 3, 3, 0xe000 },
	{ "\xef\xbf\xbf", 3, 3, 0xffff },
	{ "\xf0\x90\x80\x80", 4, 4, 0x10000 },
	{ "\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff },
	/* beyond the last, and surrogates */
	{ "\xf4\x90\x80\x80", 4, 0, 0 },
	{ "\xf5\x80\x80\x80", 4, 0, 0 },
	{ "\xff", 1, 0, 0 },
	{ "\xed\xa0\x80", 3, 0, 0 },
	{ "\xed\xbf\xbf", 3, 0, 0 },
	/* overlong */
	{ "\xc0\x80", 2, 0, 0 },
	{ "\xc1\xbf", 2, 0, 0 },
	{ "\xe0\x9f\xbf", 3, 0, 0 },
	{ "\xf0\x8f\xbf\xbf", 4, 0, 0 },
	/* cut, or without a start */
	{ "\xc2", 1, 0, 0 },
	{ "\xe2\x80", 2, 0, 0 },
	{ "\xf0\x90\x80", 3, 0, 0 },
	{ "\xe2\x80x", 3, 0, 0 },
	{ "\xc2\xc2", 2, 0, 0 },
	{ "\x80", 1, 0, 0 },
	{ "\x9b", 1, 0, 0 },
};

static void
decodes_what_is_whole_and_shortest(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t code = 0;

		assert_int_equal(utf8_decode(cases[i].bytes, cases[i].size, &code),
				 cases[i].length);
		assert_int_equal(code, cases[i].code);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_what_is_whole_and_shortest),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
