/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "fingerprint/git.h"
#include "project/git/git_refs.h"
#include "tree_room.h"

/* A repository with so many commits, each with a tag of its own. */
static void
make_tags(unsigned count)
{
	AUTO_FREE char *script = xasprintf(
		"git init -q .; awk -v n=%u 'BEGIN { for (i = 1; i <= n; i++) printf "
		"\"commit refs/heads/last\\nmark :%%d\\ncommitter a <a@b> %%d +0000\\ndata "
		"0\\n\\n\","
		" i, i }' | git fast-import --quiet --export-marks=marks; "
		"git update-ref -d refs/heads/last; "
		"sed 's,:\\([0-9]*\\) \\(.*\\),\\2 refs/tags/t\\1,' marks >.git/packed-refs",
		count);

	shell(script);
}

static int
list(struct git_refs *refs, const char *pattern, struct error **err)
{
	AUTO_STRINGS struct strings patterns = { 0 };
	AUTO_GIT struct git *git = NULL;

	if (pattern)
		strings_add(&patterns, pattern);
	assert_int_equal(git_open(".", &git, err), 0);
	return git_refs_list(git, &patterns, false, refs, err);
}

static void
a_commit_counts_once_under_the_name_that_it_was_met_by(void **state)
{
	AUTO_GIT_REFS struct git_refs refs = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	make_tags(2);
	shell("git branch one t1; git branch also-one t1; git tag blob $(git hash-object -w "
	      "--stdin "
	      "</dev/null)");
	assert_int_equal(list(&refs, NULL, &err), 0);
	assert_int_equal(refs.count, 2);
	assert_string_equal(refs.items[0].name, "refs/heads/also-one");
	assert_string_equal(refs.items[1].name, "refs/tags/t2");
}

static void
a_pattern_is_never_an_option(void **state)
{
	AUTO_GIT_REFS struct git_refs refs = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	make_tags(1);
	assert_int_equal(list(&refs, "--count=7", &err), 0);
	assert_int_equal(refs.count, 0);
}

static void
as_many_commits_as_the_limit_count_and_one_more_is_refused(void **state)
{
	AUTO_GIT_REFS struct git_refs refs = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	make_tags(GIT_REFS_LIMIT_COUNT);
	assert_int_equal(list(&refs, NULL, &err), 0);
	assert_int_equal(refs.count, GIT_REFS_LIMIT_COUNT);
	git_refs_release(&refs);
	shell("printf 'commit refs/heads/more\\ncommitter a <a@b> 0 +0000\\ndata 0\\n\\n' | "
	      "git fast-import --quiet");
	assert_int_equal(list(&refs, NULL, &err), -1);
	assert_true(error_is(err, ERROR_USAGE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_commit_counts_once_under_the_name_that_it_was_met_by, enter_tree,
			leave_tree),
		cmocka_unit_test_setup_teardown(a_pattern_is_never_an_option, enter_tree,
						leave_tree),
		cmocka_unit_test_setup_teardown(
			as_many_commits_as_the_limit_count_and_one_more_is_refused, enter_tree,
			leave_tree),
	};

	return cmocka_run_group_tests_name("git_refs", tests, NULL, NULL);
}
