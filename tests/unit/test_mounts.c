/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "run/root/mounts.h"
#include "tree_room.h"

static void
a_source_that_looks_like_a_path_is_one(void **state)
{
	static const struct {
		const char *text;
		enum mount_kind kind;
		const char *source;
		const char *target;
		bool read_only;
	} rows[] = {
		{ "/host:/in", MOUNT_BIND, "/host", "/in", false },
		{ "./x:/in:ro", MOUNT_BIND, "./x", "/in", true },
		{ "..:/in:rw", MOUNT_BIND, "..", "/in", false },
		{ "target:/app/target", MOUNT_VOLUME, "target", "/app/target", false },
		{ "a.b_c-1:/x:ro", MOUNT_VOLUME, "a.b_c-1", "/x", true },
		{ ".:/x:z,ro", MOUNT_BIND, ".", "/x", true },
		{ ".:/x:cached", MOUNT_BIND, ".", "/x", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO_JOB_MOUNTS struct job_mounts mounts = { NULL, 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(job_mounts_add_volume(&mounts, rows[i].text, &err), 0);
		assert_int_equal(mounts.items[0].kind, rows[i].kind);
		assert_string_equal(mounts.items[0].source, rows[i].source);
		assert_string_equal(mounts.items[0].target, rows[i].target);
		assert_int_equal(mounts.items[0].read_only, rows[i].read_only);
	}
}

static void
what_is_no_volume_is_a_usage_error(void **state)
{
	static const char *const rows[] = { "",      "/x",        "x",       ":/x",
					    "x:",    "x:y",       "x:/",     "x:/..",
					    "x:/./", "x:/y:",     "x:/y:rx", "x:/y:ro:rw",
					    "x:/y:", "x:/y:ro,x", "a/b:/x",  "-a:/x",
					    "_a:/x", "a b:/x",    "a\n:/x" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO_JOB_MOUNTS struct job_mounts mounts = { NULL, 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(job_mounts_add_volume(&mounts, rows[i], &err), -1);
		assert_true(error_is(err, ERROR_USAGE));
		assert_int_equal(mounts.count, 0);
	}
}

static void
a_volumes_name_has_a_limit(void **state)
{
	char text[VOLUME_NAME_LIMIT_CHARS + 8] = "";
	AUTO_JOB_MOUNTS struct job_mounts mounts = { NULL, 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	memset(text, 'a', VOLUME_NAME_LIMIT_CHARS);
	memcpy(text + VOLUME_NAME_LIMIT_CHARS, ":/x", 4);
	assert_int_equal(job_mounts_add_volume(&mounts, text, &err), 0);
	memset(text, 'a', VOLUME_NAME_LIMIT_CHARS + 1);
	memcpy(text + VOLUME_NAME_LIMIT_CHARS + 1, ":/x", 4);
	assert_int_equal(job_mounts_add_volume(&mounts, text, &err), -1);
}

static void
what_is_inside_is_mounted_later(void **state)
{
	AUTO_JOB_MOUNTS struct job_mounts mounts = { NULL, 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(job_mounts_add_volume(&mounts, "a:/x/y", &err), 0);
	assert_int_equal(job_mounts_add_tmpfs(&mounts, "/x:size=1m", &err), 0);
	job_mounts_add_file(&mounts, "/file", "/etc/hosts");
	assert_string_equal(mounts.items[0].target, "/etc/hosts");
	assert_string_equal(mounts.items[1].target, "/x");
	assert_string_equal(mounts.items[1].source, "size=1m");
	assert_string_equal(mounts.items[2].target, "/x/y");
}

static void
put_beneath(struct job_mounts *mounts, const char *text)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_STRINGS struct strings volumes = { 0 };
	char *project = realpath("project", NULL);

	strings_add(&volumes, text);
	assert_int_equal(job_mounts_parse_beneath(mounts, project, &volumes, &err), 0);
	free(project);
}

static void
a_link_out_of_the_project_is_refused_and_one_inside_is_not(void **state)
{
	AUTO_JOB_MOUNTS struct job_mounts out = { NULL, 0 };
	AUTO_JOB_MOUNTS struct job_mounts inside = { NULL, 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	shell("mkdir -p project/real out && ln -s ../out project/way && ln -s real project/in");
	put_beneath(&out, "./way:/x");
	assert_int_equal(job_mounts_find(&out, NULL, &err), -1);
	assert_true(error_is(err, ERROR_REFUSED));
	error_free(err);
	err = NULL;
	put_beneath(&inside, "./in:/x");
	assert_int_equal(job_mounts_find(&inside, NULL, &err), 0);
}

/* Another job may have the project, too, and be quick. */
static void
a_link_that_came_after_the_source_was_found_is_not_followed(void **state)
{
	AUTO_JOB_MOUNTS struct job_mounts mounts = { NULL, 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	shell("mkdir -p project/in/deep out/deep");
	put_beneath(&mounts, "./in/deep:/x");
	assert_int_equal(job_mounts_find(&mounts, NULL, &err), 0);
	shell("rm -r project/in && ln -s ../out project/in");
	assert_int_equal(job_mounts_shift(&mounts, -1, &err), -1);
	assert_non_null(strstr(error_text(err), "symbolic links"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_that_looks_like_a_path_is_one),
		cmocka_unit_test(what_is_no_volume_is_a_usage_error),
		cmocka_unit_test(a_volumes_name_has_a_limit),
		cmocka_unit_test(what_is_inside_is_mounted_later),
		cmocka_unit_test_setup_teardown(
			a_link_out_of_the_project_is_refused_and_one_inside_is_not, enter_tree,
			leave_tree),
		cmocka_unit_test_setup_teardown(
			a_link_that_came_after_the_source_was_found_is_not_followed, enter_tree,
			leave_tree),
	};

	return cmocka_run_group_tests_name("mounts", tests, NULL, NULL);
}
