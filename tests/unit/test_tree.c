/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "ability.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "layer/helper/layer_reader.h"
#include "layer/helper/tree.h"
#include "tree_room.h"

/* In the room, as the user that we are. */
static void
open_room(struct tree *tree)
{
	tree_init(tree, open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), -1);
	tree->map.kind = ID_MAP_OWN;
}

static void
close_room(struct tree *tree)
{
	int fd = tree->beneath.root_fd;

	tree_release(tree);
	close(fd);
}

static int
hide(struct tree *tree, const char *path, struct error **err)
{
	AUTO_ENTRY struct entry entry = { .type = ENTRY_FILE, .path = xstrdup(path) };

	assert_true(entry_is_whiteout(&entry));
	return tree_whiteout(tree, &entry, err);
}

static void
make_nested(const char *name, int depth)
{
	AUTO_FREE char *script = xasprintf(
		"mkdir %s; cd %s; n=1; while [ $n -lt %d ]; do mkdir d; cd d; n=$((n + 1)); done",
		name, name, depth);

	shell(script);
}

static void
what_a_whiteout_removes_has_a_depth(void **state)
{
	AUTO_ERROR struct error *failure = NULL;
	struct tree tree;

	(void)state;
	make_nested("at", TREE_DEPTH_LIMIT_COUNT);
	make_nested("past", TREE_DEPTH_LIMIT_COUNT + 1);
	open_room(&tree);
	assert_int_equal(hide(&tree, ".wh.at", NULL), 0);
	assert_int_equal(access("at", F_OK), -1);
	assert_int_equal(hide(&tree, ".wh.past", &failure), -1);
	assert_int_equal(error_kind(failure), ERROR_CONTENT);
	close_room(&tree);
}

/* The room becomes a file system of so many bytes. */
static void
mount_small(uint64_t size_bytes)
{
	AUTO_FREE char *options = xasprintf("size=%llu", (unsigned long long)size_bytes);

	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mkdir("small", 0700), 0);
	assert_int_equal(mount("none", "small", "tmpfs", 0, options), 0);
	assert_int_equal(chdir("small"), 0);
}

static void
leave_small(void)
{
	assert_int_equal(chdir(".."), 0);
	assert_int_equal(umount2("small", MNT_DETACH), 0);
	assert_int_equal(rmdir("small"), 0);
}

/* So many bytes at once, to a file of a file system of that size. */
static int
write_once(uint64_t disk_bytes, uint64_t size_bytes, struct error **err)
{
	AUTO_FREE char *bytes = xcalloc(1, size_bytes);
	const struct layer_piece piece = { .bytes = bytes, .size = size_bytes };
	AUTO_ENTRY struct entry entry = { .type = ENTRY_FILE,
					  .path = xstrdup("file"),
					  .mode = 0644 };
	struct tree tree;
	int fd = -1;
	int ret;

	need("mounts");
	mount_small(disk_bytes);
	entry.size_bytes = size_bytes;
	open_room(&tree);
	assert_int_equal(tree_add(&tree, &entry, &fd, NULL), 0);
	ret = tree_write(&tree, fd, &entry, &piece, err);
	close(fd);
	close_room(&tree);
	leave_small();
	return ret;
}

static void
some_room_is_left_on_the_disk(void **state)
{
	AUTO_ERROR struct error *failure = NULL;
	const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);

	(void)state;
	assert_int_equal(write_once(LAYER_RESERVE_BYTES, LAYER_RESERVE_STEP_BYTES, NULL), 0);
	assert_int_equal(
		write_once(LAYER_RESERVE_BYTES - page_bytes, LAYER_RESERVE_STEP_BYTES, &failure),
		-1);
	assert_int_equal(error_kind(failure), ERROR_LOCAL);
	assert_string_equal(error_class(failure), "space");
	/* It is looked for at every step, not before. */
	assert_int_equal(write_once(LAYER_RESERVE_STEP_BYTES, LAYER_RESERVE_STEP_BYTES - 1, NULL),
			 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(some_room_is_left_on_the_disk, enter_tree,
						leave_tree),
		cmocka_unit_test_setup_teardown(what_a_whiteout_removes_has_a_depth, enter_tree,
						leave_tree),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
