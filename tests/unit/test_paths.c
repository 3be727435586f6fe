/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "fingerprint/paths.h"

static void
paths_have_one_spelling(void **state)
{
	static const struct {
		const char *named;
		const char *normal; /* NULL: refused */
	} cases[] = {
		{ "a", "a" },         { "./a", "a" },     { "a/", "a" },      { "a//b", "a/b" },
		{ "a/./b/.", "a/b" }, { ".", "" },        { "./", "" },       { "././/.", "" },
		{ ".a", ".a" },       { "..a", "..a" },   { "a..", "a.." },   { "...", "..." },
		{ " ", " " },         { "a\nb", "a\nb" }, { "\xff", "\xff" }, { "-rf", "-rf" },
		{ "", NULL },         { "/", NULL },      { "/a", NULL },     { "..", NULL },
		{ "a/..", NULL },     { "../a", NULL },   { "a/../b", NULL }, { "./..", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_ERROR struct error *err = NULL;
		AUTO_FREE char *normal = path_normalise(cases[i].named, &err);

		if (cases[i].normal) {
			assert_non_null(normal);
			assert_string_equal(normal, cases[i].normal);
		} else {
			assert_null(normal);
			assert_int_equal(error_kind(err), ERROR_USAGE);
		}
	}
}

static void
what_git_and_ocifp_write_never_enters(void **state)
{
	(void)state;
	assert_true(path_never_enters(".git"));
	assert_true(path_never_enters("a/.git/b"));
	assert_true(path_never_enters("a/.ocifp.lock"));
	assert_false(path_never_enters(".gitignore"));
	assert_false(path_never_enters("a.git"));
	assert_false(path_never_enters("a/.ocifp.yaml"));
	assert_false(path_never_enters(""));
}

static void
joined_path_at_its_limit_is_the_longest(void **state)
{
	AUTO_FREE char *name = xcalloc(1, PATH_LIMIT_BYTES + 1);
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *longest = NULL;

	(void)state;
	memset(name, 'n', PATH_LIMIT_BYTES - 2);
	longest = path_join("d", name, &err);
	assert_non_null(longest);
	assert_int_equal(strlen(longest), PATH_LIMIT_BYTES);
	name[PATH_LIMIT_BYTES - 2] = 'n';
	assert_null(path_join("d", name, &err));
	assert_int_equal(error_kind(err), ERROR_USAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_have_one_spelling),
		cmocka_unit_test(what_git_and_ocifp_write_never_enters),
		cmocka_unit_test(joined_path_at_its_limit_is_the_longest),
	};

	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
