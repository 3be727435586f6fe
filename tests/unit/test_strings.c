/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"

static void
an_empty_list_has_nothing(void **state)
{
	AUTO_STRINGS struct strings strings = { 0 };

	(void)state;
	assert_false(strings_has(&strings, ""));
	assert_false(strings_has_sorted(&strings, ""));
	strings_sort(&strings);
	assert_null(strings.items);
	assert_int_equal(strings.count, 0);
}

static void
keeps_order_and_ends_with_null_at_every_size(void **state)
{
	AUTO_STRINGS struct strings strings = { 0 };
	char name[16];

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "%zu", i);
		strings_add(&strings, name);
		assert_int_equal(strings.count, i + 1);
		assert_null(strings.items[i + 1]);
	}
	assert_string_equal(strings.items[0], "0");
	assert_string_equal(strings.items[99], "99");
}

static void
added_text_is_copied_and_taken_text_is_not(void **state)
{
	AUTO_STRINGS struct strings strings = { 0 };
	char copied[] = "a";
	char *taken = strdup("b");

	(void)state;
	strings_add(&strings, copied);
	strings_take(&strings, taken);
	copied[0] = 'x';
	assert_string_equal(strings.items[0], "a");
	assert_ptr_equal(strings.items[1], taken);
}

static void
has_only_whole_items(void **state)
{
	AUTO_STRINGS struct strings strings = { 0 };

	(void)state;
	strings_add(&strings, "abc");
	strings_add(&strings, "d");
	assert_true(strings_has(&strings, "abc"));
	assert_true(strings_has(&strings, "d"));
	assert_false(strings_has(&strings, "ab"));
	assert_false(strings_has(&strings, "abcd"));
	assert_false(strings_has(&strings, ""));
}

static void
sorts_by_bytes_without_a_locale(void **state)
{
	static const char *const sorted[] = { "", "B", "a", "a-b", "a/b", "aB", "ab", "\xc3\xa9" };
	AUTO_STRINGS struct strings strings = { 0 };
	const size_t count = sizeof(sorted) / sizeof(sorted[0]);

	(void)state;
	for (size_t i = 0; i < count; i++)
		strings_add(&strings, sorted[(i * 3 + 1) % count]);
	strings_sort(&strings);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(strings.items[i], sorted[i]);
		assert_true(strings_has_sorted(&strings, sorted[i]));
	}
	assert_false(strings_has_sorted(&strings, "not in the list"));
	assert_null(strings.items[count]);
}

static void
joins_with_a_separator_between(void **state)
{
	AUTO_STRINGS struct strings strings = { 0 };
	AUTO_FREE char *none = strings_join(&strings, ", ");
	AUTO_FREE char *one = NULL;
	AUTO_FREE char *two = NULL;

	(void)state;
	assert_string_equal(none, "");
	strings_add(&strings, "a");
	one = strings_join(&strings, ", ");
	assert_string_equal(one, "a");
	strings_add(&strings, "");
	two = strings_join(&strings, ", ");
	assert_string_equal(two, "a, ");
}

static void
released_it_is_empty_and_usable(void **state)
{
	AUTO_STRINGS struct strings strings = { 0 };

	(void)state;
	strings_add(&strings, "a");
	strings_release(&strings);
	assert_int_equal(strings.count, 0);
	strings_release(&strings);
	strings_add(&strings, "b");
	assert_string_equal(strings.items[0], "b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_list_has_nothing),
		cmocka_unit_test(keeps_order_and_ends_with_null_at_every_size),
		cmocka_unit_test(added_text_is_copied_and_taken_text_is_not),
		cmocka_unit_test(has_only_whole_items),
		cmocka_unit_test(sorts_by_bytes_without_a_locale),
		cmocka_unit_test(joins_with_a_separator_between),
		cmocka_unit_test(released_it_is_empty_and_usable),
	};

	return cmocka_run_group_tests_name("strings", tests, NULL, NULL);
}
