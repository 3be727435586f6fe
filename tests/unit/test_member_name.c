/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "archive/members.h"
#include "base/cleanup.h"

struct row {
	const char *name;   /* of the link; NULL: a plain name */
	const char *path;   /* or its target */
	const char *result; /* NULL: not usable */
};

static const struct row rows[] = {
	{ NULL, "index.json", "index.json" },
	{ NULL, "./index.json", "index.json" },
	{ NULL, "././/a//b/", "a/b" },
	{ NULL, "a/./b", "a/b" },
	{ NULL, "..a/b..", "..a/b.." },
	{ NULL, "...", "..." },
	{ NULL, "", NULL },
	{ NULL, ".", NULL },
	{ NULL, "./", NULL },
	{ NULL, "/", NULL },
	{ NULL, "/index.json", NULL },
	{ NULL, "//index.json", NULL },
	{ NULL, "..", NULL },
	{ NULL, "../index.json", NULL },
	{ NULL, "a/../index.json", NULL },
	{ NULL, "a/..", NULL },
	{ "a/layer.tar", "../b/layer.tar", "b/layer.tar" },
	{ "a/layer.tar", "b", "a/b" },
	{ "a/layer.tar", "./b", "a/b" },
	{ "a/b/c", "../../d", "d" },
	{ "a/b/c", "../../../d", NULL },
	{ "a/b/c", "..", "a" },
	{ "a/b", "..", NULL },
	{ "a", "b", "b" },
	{ "a", "../b", NULL },
	{ "a", "b/../../c", NULL },
	{ "a", "b/../c", "c" },
	{ "a", "/b", NULL },
	{ "a", "", NULL },
	{ "a/b", "", "a" },
};

static void
names_and_targets_stay_within_the_archive(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_FREE char *result = rows[i].name
						 ? member_name_follow(rows[i].name, rows[i].path)
						 : member_name(rows[i].path);

		if (!rows[i].result && result)
			fail_msg("'%s' gives '%s'", rows[i].path, result);
		if (!rows[i].result)
			continue;
		if (!result)
			fail_msg("'%s' gives nothing", rows[i].path);
		assert_string_equal(result, rows[i].result);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_targets_stay_within_the_archive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
