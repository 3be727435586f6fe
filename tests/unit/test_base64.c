/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"

static void
every_length_goes_there_and_back(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *text;
	} cases[] = {
		/* RFC 4648, section 10 */
		{ "", 0, "" },         { "f", 1, "Zg==" },        { "fo", 2, "Zm8=" },
		{ "foo", 3, "Zm9v" },  { "foob", 4, "Zm9vYg==" }, { "fooba", 5, "Zm9vYmE=" },
		{ "\0\0", 2, "AAA=" }, { "\377\376", 2, "//4=" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		AUTO_FREE char *text = base64_encode(cases[i].bytes, cases[i].size);
		size_t size = 99;
		AUTO_FREE uint8_t *bytes = base64_decode(cases[i].text, &size);

		assert_string_equal(text, cases[i].text);
		assert_non_null(bytes);
		assert_int_equal(size, cases[i].size);
		assert_memory_equal(bytes, cases[i].bytes, size);
		assert_int_equal(bytes[size], 0);
	}
}

static void
what_is_no_base64_is_refused(void **state)
{
	static const char *const cases[] = { "Zg",       "Zg=",          "Z===",  "====",
					     "Zg==Zg==", "Z-9v",         "Zm 9v", "Zm9v\n",
					     " Zm9v ",   "Zm9v\n\n\n\n", "=Zg=" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t size;
		AUTO_FREE uint8_t *bytes = base64_decode(cases[i], &size);

		if (bytes)
			fail_msg("taken: '%s'", cases[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_goes_there_and_back),
		cmocka_unit_test(what_is_no_base64_is_refused),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
