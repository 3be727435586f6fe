/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "layer/helper/remove_tree.h"
#include "tree_room.h"

static void
assert_removed(int depth)
{
	AUTO_FREE char *script =
		xasprintf("mkdir r; cd r; for n in $(seq %d); do mkdir d; : >f; cd d; done", depth);
	AUTO_CLOSE int fd = -1;

	shell(script);
	fd = open("r", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(remove_children(fd), 0);
	assert_int_equal(rmdir("r"), 0);
}

static void
trees_of_any_depth_go(void **state)
{
	(void)state;
	assert_removed(1);
	assert_removed(TREE_DEPTH_LIMIT_COUNT);
	assert_removed(TREE_DEPTH_LIMIT_COUNT + 1);
	assert_removed(3 * TREE_DEPTH_LIMIT_COUNT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(trees_of_any_depth_go, enter_tree, leave_tree),
	};

	return cmocka_run_group_tests_name("remove", tests, NULL, NULL);
}
