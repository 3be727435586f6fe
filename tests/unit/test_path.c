/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/path.h"

static void
the_name_follows_the_last_slash(void **state)
{
	(void)state;
	assert_string_equal(path_name("name"), "name");
	assert_string_equal(path_name("/name"), "name");
	assert_string_equal(path_name("a/b/name"), "name");
	assert_string_equal(path_name("a/"), "");
}

static void
expect_folder(const char *path, const char *folder)
{
	AUTO_FREE char *found = path_folder(path);

	assert_string_equal(found, folder);
}

static void
the_folder_is_what_the_name_is_in(void **state)
{
	(void)state;
	expect_folder("name", ".");
	expect_folder("/name", "/");
	expect_folder("a/b/name", "a/b");
	expect_folder("/a/name", "/a");
}

static void
going_up_ends_at_the_root(void **state)
{
	char path[] = "/a/b";

	(void)state;
	assert_true(path_go_up(path));
	assert_string_equal(path, "/a");
	assert_true(path_go_up(path));
	assert_string_equal(path, "/");
	assert_false(path_go_up(path));
}

static void
below_goes_by_whole_components(void **state)
{
	(void)state;
	assert_true(path_is_below("a/b", "a"));
	assert_true(path_is_below("a", "a"));
	assert_true(path_is_below("a", ""));
	assert_true(path_is_below("/a", "/"));
	assert_true(path_is_below("/a/b", "/a/"));
	assert_false(path_is_below("ab", "a"));
	assert_false(path_is_below("a", "a/b"));
	assert_false(path_is_below("b/a", "a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_follows_the_last_slash),
		cmocka_unit_test(the_folder_is_what_the_name_is_in),
		cmocka_unit_test(going_up_ends_at_the_root),
		cmocka_unit_test(below_goes_by_whole_components),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
