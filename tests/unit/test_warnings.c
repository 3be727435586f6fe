/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "http/warnings.h"

static void
assert_told(struct warnings *warnings, const char *header, const char *expected)
{
	AUTO_FREE char *text = warnings_take(warnings, header);

	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
}

static void
a_warning_is_told_once(void **state)
{
	AUTO_WARNINGS struct warnings warnings = { 0 };

	(void)state;
	assert_told(&warnings, "299 - \"Your token ends soon.\"", "Your token ends soon.");
	assert_told(&warnings, "299 - \"Your token ends soon.\"", NULL);
	assert_told(&warnings, "299 - \"a \\\"b\\\" c\\\\\"", "a \"b\" c\\");
}

static void
what_has_another_form_is_none(void **state)
{
	static const char *const headers[] = {
		"",
		"299",
		"299 - text",
		"299 - \"open",
		"299 - \"open\\\"",
		"299 - \"\"",
		"110 - \"stale\"",
		"299 proxy \"x\"",
		"299 - \"x\" \"Mon, 01 Jan 2001 00:00:00 GMT\"",
	};
	AUTO_WARNINGS struct warnings warnings = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		assert_told(&warnings, headers[i], NULL);
	assert_int_equal(warnings.size_bytes, 0);
}

static void
warnings_have_a_limit(void **state)
{
	AUTO_WARNINGS struct warnings warnings = { 0 };
	char text[WARNINGS_LIMIT_BYTES];
	AUTO_FREE char *header = NULL;

	(void)state;
	memset(text, 'x', sizeof(text));
	header = xasprintf("299 - \"%.*s\"", (int)sizeof(text) - 1, text);
	assert_told(&warnings, "299 - \"ab\"", "ab");
	assert_told(&warnings, header, NULL);
	warnings_release(&warnings);
	assert_told(&warnings, "299 - \"a\"", "a");
	assert_int_equal(strlen(header), sizeof(text) - 1 + strlen("299 - \"\""));
	free(warnings_take(&warnings, header));
	assert_int_equal(warnings.size_bytes, WARNINGS_LIMIT_BYTES);
	assert_told(&warnings, "299 - \"b\"", NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_warning_is_told_once),
		cmocka_unit_test(what_has_another_form_is_none),
		cmocka_unit_test(warnings_have_a_limit),
	};

	return cmocka_run_group_tests_name("warnings", tests, NULL, NULL);
}
