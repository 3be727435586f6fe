/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/leftovers.h"
#include "base/xalloc.h"

struct room {
	char path[32];
	char *file;
	char *link;
};

static struct room
make_room(void)
{
	struct room room = { "/tmp/test_leftovers-XXXXXX", NULL, NULL };
	int fd;

	assert_non_null(mkdtemp(room.path));
	leftovers_add(room.path);
	room.file = xasprintf("%s/file", room.path);
	room.link = xasprintf("%s/link", room.path);
	leftovers_add(room.file);
	leftovers_add(room.link);
	fd = open(room.file, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0 && close(fd) == 0);
	assert_int_equal(symlink("/etc", room.link), 0);
	return room;
}

static void
remove_room(struct room *room)
{
	(void)unlink(room->file);
	(void)unlink(room->link);
	assert_int_equal(rmdir(room->path), 0);
	free(room->file);
	free(room->link);
}

static bool
is_there(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

/* How a process ended that had such a room, whose path comes back. */
static int
end_by(int number, void (*before)(const struct room *room), char *ret_path, size_t size)
{
	int ends[2];
	int status = 0;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		struct room room = make_room();

		if (write(ends[1], room.path, sizeof(room.path)) == sizeof(room.path)) {
			before(&room);
			(void)raise(number);
		}
		_exit(3);
	}
	assert_int_equal(read(ends[0], ret_path, size), size);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return status;
}

static void
leave(const struct room *room)
{
	(void)room;
}

static void
forget(const struct room *room)
{
	leftovers_forget(room->path);
}

/* The signal waits for the tree, whose process then says so by removing the file itself. */
static void
forget_and_hold(const struct room *room)
{
	struct error *signalled = NULL;

	leftovers_hold();
	leftovers_forget(room->path);
	(void)raise(SIGTERM);
	if (leftovers_check(&signalled) < 0)
		(void)unlink(room->file);
	error_free(signalled);
	leftovers_let_go();
}

static void
ignore(const struct room *room)
{
	(void)signal(SIGHUP, SIG_IGN);
	leftovers_add(room->path);
}

static void
a_signal_removes_them_and_ends_the_program(void **state)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char path[32];
		int status = end_by(numbers[i], leave, path, sizeof(path));

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), numbers[i]);
		assert_false(is_there(path));
	}
}

static void
what_is_forgotten_stays(void **state)
{
	struct room room = { "", NULL, NULL };
	int status = end_by(SIGTERM, forget, room.path, sizeof(room.path));

	(void)state;
	assert_int_equal(WTERMSIG(status), SIGTERM);
	room.file = xasprintf("%s/file", room.path);
	room.link = xasprintf("%s/link", room.path);
	assert_true(is_there(room.file));
	remove_room(&room);
}

static void
a_signal_waits_for_a_tree_also_once_all_is_forgotten(void **state)
{
	struct room room = { "", NULL, NULL };
	int status = end_by(SIGTERM, forget_and_hold, room.path, sizeof(room.path));

	(void)state;
	assert_int_equal(WTERMSIG(status), SIGTERM);
	room.file = xasprintf("%s/file", room.path);
	room.link = xasprintf("%s/link", room.path);
	assert_false(is_there(room.file));
	remove_room(&room);
}

static void
an_ignored_signal_stays_ignored(void **state)
{
	struct room room = { "", NULL, NULL };
	int status = end_by(SIGHUP, ignore, room.path, sizeof(room.path));

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	room.file = xasprintf("%s/file", room.path);
	room.link = xasprintf("%s/link", room.path);
	remove_room(&room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_removes_them_and_ends_the_program),
		cmocka_unit_test(what_is_forgotten_stays),
		cmocka_unit_test(a_signal_waits_for_a_tree_also_once_all_is_forgotten),
		cmocka_unit_test(an_ignored_signal_stays_ignored),
	};

	return cmocka_run_group_tests_name("leftovers", tests, NULL, NULL);
}
