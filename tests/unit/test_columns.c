/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "cli/output/columns.h"
#include "cli/output/page.h"

static void
cells_stand_beneath_each_other_and_are_quoted(void **state)
{
	AUTO_COLUMNS struct columns columns = { .alignment = "lrl" };
	AUTO_PAGE struct page page = { 0 };

	(void)state;
	columns_add(&columns, "linux/amd64");
	columns_add(&columns, "9 B");
	columns_add(&columns, "first");
	columns_add(&columns, "\033[31m");
	columns_take(&columns, xstrdup("402.1 MB"));
	columns_add(&columns, "");
	assert_int_equal(columns_row_count(&columns), 2);
	columns_print(&columns, &page);
	assert_string_equal(page.text, "linux/amd64       9 B  first\n"
				       "\\x1b[31m     402.1 MB  \n");
}

static void
a_table_without_rows_is_nothing(void **state)
{
	AUTO_COLUMNS struct columns columns = { .alignment = "l" };
	AUTO_PAGE struct page page = { 0 };

	(void)state;
	columns_print(&columns, &page);
	assert_int_equal(page.size, 0);
}

static void
digests_are_cut_and_ages_are_whole(void **state)
{
	static const struct {
		int64_t age_s;
		const char *text;
	} cases[] = {
		{ -5, "just now" },         { 59, "just now" },        { 60, "1 minute" },
		{ 7200, "2 hours" },        { 86400 * 29, "29 days" }, { 86400 * 30, "1 month" },
		{ 86400 * 800, "2 years" },
	};
	AUTO_FREE char *digest = short_digest("sha256:0123456789abcdef");
	AUTO_FREE char *unknown = text_of_age(0, 1000);

	(void)state;
	assert_string_equal(digest, "0123456789ab");
	assert_string_equal(unknown, "-");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_FREE char *age = text_of_age(1000000000 - cases[i].age_s, 1000000000);

		assert_string_equal(age, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_stand_beneath_each_other_and_are_quoted),
		cmocka_unit_test(a_table_without_rows_is_nothing),
		cmocka_unit_test(digests_are_cut_and_ages_are_whole),
	};

	return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
