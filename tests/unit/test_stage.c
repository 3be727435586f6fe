/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "image/unpack/stage.h"
#include "store_room.h"

static const struct id_map own = { .kind = ID_MAP_OWN };
static const struct id_map host = { .kind = ID_MAP_HOST };

static void
fill(const struct stage *stage)
{
	AUTO_CLOSE int fd = openat(stage->tree_fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	if (stage->record_fd >= 0)
		assert_int_equal(write(stage->record_fd, "owner 1 1 file", 15), 15);
}

static void
what_is_committed_has_its_name_and_its_record(void **state)
{
	static const char *const names[] = { "tree", "tree/", "./tree", "sub/../tree//" };

	(void)state;
	run("mkdir sub");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		AUTO_STAGE struct stage stage = STAGE_INIT;

		assert_int_equal(stage_open(names[i], &own, &stage, NULL), 0);
		fill(&stage);
		assert_true(is_there(".tree.ocifp"));
		assert_false(is_there("tree"));
		assert_int_equal(stage_commit(&stage, NULL), 0);
		stage_release(&stage);
		assert_true(is_there("tree/file"));
		assert_true(is_there("tree.owners"));
		assert_false(is_there(".tree.ocifp"));
		run("rm -r tree tree.owners");
	}
}

static void
without_owners_to_record_there_is_no_record(void **state)
{
	AUTO_STAGE struct stage stage = STAGE_INIT;

	(void)state;
	assert_int_equal(stage_open("tree", &host, &stage, NULL), 0);
	assert_int_equal(stage.record_fd, -1);
	assert_int_equal(stage_commit(&stage, NULL), 0);
	assert_true(is_there("tree"));
	assert_false(is_there("tree.owners"));
}

static void
what_cannot_have_its_name_leaves_no_record_either(void **state)
{
	AUTO_STAGE struct stage stage = STAGE_INIT;
	AUTO_ERROR struct error *failure = NULL;

	(void)state;
	assert_int_equal(stage_open("tree", &own, &stage, NULL), 0);
	fill(&stage);
	run("mkdir tree; touch tree/of-somebody-else");
	assert_int_equal(stage_commit(&stage, &failure), -1);
	assert_int_equal(error_kind(failure), ERROR_LOCAL);
	stage_release(&stage);
	assert_false(is_there("tree.owners"));
	assert_false(is_there("tree/file"));
	assert_false(is_there(".tree.ocifp"));
}

static void
one_that_is_in_use_is_left_alone(void **state)
{
	struct stage first = STAGE_INIT;

	(void)state;
	assert_int_equal(stage_open("tree", &host, &first, NULL), 0);
	fill(&first);
	{
		AUTO_STAGE struct stage second = STAGE_INIT;
		AUTO_ERROR struct error *failure = NULL;

		assert_int_equal(stage_open("tree", &host, &second, &failure), -1);
		assert_int_equal(error_kind(failure), ERROR_LOCAL);
		assert_non_null(error_hint(failure));
	}
	assert_true(is_there(".tree.ocifp/fs/file"));
	assert_int_equal(stage_commit(&first, NULL), 0);
	stage_release(&first);
	assert_true(is_there("tree/file"));
}

static void
what_has_no_name_of_its_own_cannot_be_made(void **state)
{
	static const char *const names[] = { "/", ".", "..", "sub/..", "sub/.", "//" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		AUTO_STAGE struct stage stage = STAGE_INIT;
		AUTO_ERROR struct error *failure = NULL;

		assert_int_equal(stage_open(names[i], &host, &stage, &failure), -1);
		assert_int_equal(error_kind(failure), ERROR_USAGE);
		assert_int_equal(stage.fd, -1);
	}
}

static void
a_link_in_place_of_the_stage_is_not_followed(void **state)
{
	AUTO_STAGE struct stage stage = STAGE_INIT;
	AUTO_ERROR struct error *failure = NULL;

	(void)state;
	run("mkdir away; ln -s away .tree.ocifp");
	assert_int_equal(stage_open("tree", &host, &stage, &failure), -1);
	assert_int_equal(error_kind(failure), ERROR_LOCAL);
	run("rmdir away");
}

static void
one_that_cannot_be_filled_goes(void **state)
{
	AUTO_STAGE struct stage stage = STAGE_INIT;
	AUTO_ERROR struct error *failure = NULL;

	(void)state;
	/* Not a file: it cannot be taken away. */
	run("mkdir -p .tree.ocifp/owners/x");
	assert_int_equal(stage_open("tree", &own, &stage, &failure), -1);
	assert_int_equal(error_kind(failure), ERROR_LOCAL);
	assert_false(is_there("tree"));
	run("rm -r .tree.ocifp/owners");
	assert_int_equal(stage_open("tree", &own, &stage, NULL), 0);
}

int
main(void)
{
#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)
	const struct CMUnitTest tests[] = {
		IN_ROOM(what_is_committed_has_its_name_and_its_record),
		IN_ROOM(without_owners_to_record_there_is_no_record),
		IN_ROOM(what_cannot_have_its_name_leaves_no_record_either),
		IN_ROOM(one_that_is_in_use_is_left_alone),
		IN_ROOM(what_has_no_name_of_its_own_cannot_be_made),
		IN_ROOM(a_link_in_place_of_the_stage_is_not_followed),
		IN_ROOM(one_that_cannot_be_filled_goes),
	};

	return cmocka_run_group_tests_name("stage", tests, NULL, NULL);
}
