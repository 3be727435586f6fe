/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "layer/pack/hard_links.h"
#include "layer/pack/pack.h"
#include "stream/sink.h"
#include "tree_room.h"

static void
folders_have_a_limit_to_their_depth(void **state)
{
	AUTO_FREE char *script = xasprintf(
		"mkdir r; cd r; for n in $(seq %d); do mkdir d; cd d; done", PACK_LIMIT_DEPTH + 1);

	(void)state;
	shell(script);
	for (int past = 0; past < 2; past++) {
		AUTO_CLOSE int root_fd = open(past ? "r" : "r/d", O_RDONLY | O_DIRECTORY);
		struct pack_options options = { .root_fd = root_fd };
		struct pack_counts counts = { 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(pack_tree(&options, sink_null(), &counts, &err), -past);
		assert_int_equal(counts.members, past ? 0 : PACK_LIMIT_DEPTH);
		if (past)
			assert_string_equal(error_class(err), "limit");
	}
}

static void
names_in_a_folder_have_a_limit(void **state)
{
	AUTO_CLOSE int fd = -1;

	(void)state;
	shell("mkdir r; touch r/a r/c r/b");
	fd = open("r", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int past = 0; past < 2; past++) {
		AUTO_STRINGS struct strings names = { 0 };

		assert_int_equal(dir_names(fd, past ? 2 : 3, &names), -past);
		assert_int_equal(names.count, past ? 0 : 3);
		if (past)
			assert_int_equal(errno, E2BIG);
		else
			assert_string_equal(names.items[1], "b");
	}
}

static void
hard_links_have_a_limit(void **state)
{
	AUTO_HARD_LINKS struct hard_links links = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct stat status = { .st_dev = 1 };
	const char *first = NULL;

	(void)state;
	for (size_t i = 0; i < PACK_HARD_LINKS_LIMIT_COUNT; i++) {
		status.st_ino = i;
		assert_int_equal(hard_links_meet(&links, &status, "name", &first, &err), 0);
		assert_null(first);
	}
	assert_int_equal(hard_links_meet(&links, &status, "other", &first, &err), 0);
	assert_string_equal(first, "name");
	status.st_dev = 2;
	assert_int_equal(hard_links_meet(&links, &status, "other", &first, &err), -1);
	assert_string_equal(error_class(err), "limit");
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(folders_have_a_limit_to_their_depth),
		IN_TREE(names_in_a_folder_have_a_limit),
		cmocka_unit_test(hard_links_have_a_limit),
	};

	return cmocka_run_group_tests_name("pack limits", tests, NULL, NULL);
}
