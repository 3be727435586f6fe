/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "run/root/in_root.h"
#include "tree_room.h"

static int
open_root(void)
{
	int fd = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void
assert_finds(const char *path, const char *resolved)
{
	AUTO_IN_ROOT struct in_root place = IN_ROOT_INIT;
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int root_fd = open_root();
	bool found = false;

	assert_int_equal(in_root_find(root_fd, path, &place, &found, &err), 0);
	assert_int_equal(found, resolved != NULL);
	if (resolved)
		assert_string_equal(place.path, resolved);
}

static void
links_are_followed_inside_the_root(void **state)
{
	static const char *const rows[][2] = {
		{ "/", "/" },
		{ "", "/" },
		{ "/usr/lib/x", "/usr/lib/x" },
		{ "lib/x", "/usr/lib/x" },
		{ "/abs/x", "/usr/lib/x" },
		{ "//usr/./lib//x", "/usr/lib/x" },
		{ "/usr/lib/../lib/x", "/usr/lib/x" },
		{ "/../../../usr", "/usr" },
		{ "/up/usr", "/usr" },
		{ "/out", NULL },
		{ "/out/passwd", NULL },
		{ "/dangling", NULL },
		{ "/usr/lib/x/y", NULL },
		{ "/nothing", NULL },
	};

	(void)state;
	shell("mkdir -p root/usr/lib; echo x >root/usr/lib/x; ln -s usr/lib root/lib;"
	      "ln -s /usr/lib root/abs; ln -s ../../.. root/up; ln -s /etc root/out;"
	      "ln -s nowhere root/dangling");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_finds(rows[i][0], rows[i][1]);
}

/* A chain of `count` links that ends at a file. */
static void
make_chain(unsigned count)
{
	AUTO_FREE char *script =
		xasprintf("rm -rf root; mkdir root; echo x >root/0; i=0; while [ $i -lt %u ]; do"
			  " ln -s $i root/$((i + 1)); i=$((i + 1)); done; mv root/%u root/last",
			  count, count);

	shell(script);
}

static void
as_many_links_as_the_kernel_follows_and_no_more(void **state)
{
	AUTO_IN_ROOT struct in_root place = IN_ROOT_INIT;
	AUTO_ERROR struct error *err = NULL;
	bool found = false;

	(void)state;
	make_chain(LINKS_LIMIT_COUNT);
	assert_finds("/last", "/0");
	make_chain(LINKS_LIMIT_COUNT + 1);
	AUTO_CLOSE int root_fd = open_root();
	assert_int_equal(in_root_find(root_fd, "/last", &place, &found, &err), -1);
	assert_true(error_is(err, ERROR_CONTENT));
}

static void
assert_makes(const char *path, enum in_root_make make, const char *resolved)
{
	AUTO_IN_ROOT struct in_root place = IN_ROOT_INIT;
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int root_fd = open_root();
	int result = in_root_make(root_fd, path, make, NULL, &place, &err);

	assert_int_equal(result, resolved ? 0 : -1);
	if (resolved)
		assert_string_equal(place.path, resolved);
	else
		assert_true(error_is(err, ERROR_CONTENT));
}

static void
what_is_missing_is_made_inside_the_root(void **state)
{
	(void)state;
	shell("mkdir -p root/usr outside; ln -s $PWD/outside root/out; ln -s nowhere "
	      "root/dangling");
	assert_makes("/a/b/c", MAKE_DIRECTORY, "/a/b/c");
	assert_makes("/etc/hosts", MAKE_FILE, "/etc/hosts");
	assert_makes("/dangling", MAKE_FILE, "/nowhere");
	assert_makes("/etc/hosts", MAKE_DIRECTORY, NULL);
	assert_makes("/usr", MAKE_FILE, NULL);
	assert_makes("/etc/hosts/x", MAKE_FILE, NULL);
	shell("test -d root/a/b/c; test -f root/etc/hosts; test -f root/nowhere");
	shell("test \"$(stat -c %a root/a/b/c root/etc/hosts | tr '\\n' ' ')\" = '755 644 '");
}

static void
links_out_of_the_root_make_nothing_there(void **state)
{
	AUTO_IN_ROOT struct in_root place = IN_ROOT_INIT;
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int root_fd = -1;

	(void)state;
	shell("mkdir root outside; ln -s $PWD/outside root/out; ln -s ../outside root/up");
	root_fd = open_root();
	assert_int_equal(in_root_make(root_fd, "/out/x", MAKE_DIRECTORY, NULL, &place, &err), 0);
	in_root_release(&place);
	assert_int_equal(in_root_make(root_fd, "/up/x", MAKE_DIRECTORY, NULL, &place, &err), 0);
	shell("test -z \"$(ls outside)\"; test -d root/outside/x");
}

static void
what_was_made_is_told_outermost_first(void **state)
{
	AUTO_IN_ROOT struct in_root place = IN_ROOT_INIT;
	AUTO_STRINGS struct strings made = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int root_fd = -1;

	(void)state;
	shell("mkdir -p root/a");
	root_fd = open_root();
	assert_int_equal(in_root_make(root_fd, "/a/b/c", MAKE_FILE, &made, &place, &err), 0);
	assert_int_equal(made.count, 2);
	assert_string_equal(made.items[0], "/a/b");
	assert_string_equal(made.items[1], "/a/b/c");
}

static void
only_regular_files_are_opened(void **state)
{
	AUTO_IN_ROOT struct in_root file = IN_ROOT_INIT;
	AUTO_IN_ROOT struct in_root fifo = IN_ROOT_INIT;
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int root_fd = -1;
	AUTO_CLOSE int fd = -1;
	bool found = false;

	(void)state;
	shell("mkdir root; echo x >root/file; mkfifo root/fifo");
	root_fd = open_root();
	assert_int_equal(in_root_find(root_fd, "/file", &file, &found, &err), 0);
	fd = in_root_open(&file);
	assert_true(fd >= 0);
	assert_int_equal(in_root_find(root_fd, "/fifo", &fifo, &found, &err), 0);
	assert_int_equal(in_root_open(&fifo), -1);
}

int
main(void)
{
#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)
	const struct CMUnitTest tests[] = {
		IN_TREE(links_are_followed_inside_the_root),
		IN_TREE(as_many_links_as_the_kernel_follows_and_no_more),
		IN_TREE(what_is_missing_is_made_inside_the_root),
		IN_TREE(links_out_of_the_root_make_nothing_there),
		IN_TREE(what_was_made_is_told_outermost_first),
		IN_TREE(only_regular_files_are_opened),
	};

	return cmocka_run_group_tests_name("in_root", tests, NULL, NULL);
}
