/* SPDX-License-Identifier: Apache-2.0 */
/* A child enters each part of the sandbox and then tries to get out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ability.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "sandbox/confine.h"

#define BUILT 0

struct room {
	char path[32];
	int fd;
};

static struct room
make_room(void)
{
	struct room room = { "/tmp/confine.XXXXXX", -1 };

	assert_non_null(mkdtemp(room.path));
	room.fd = open(room.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(room.fd >= 0);
	return room;
}

static void
remove_room(const struct room *room)
{
	(void)unlinkat(room->fd, "d/b", 0);
	(void)unlinkat(room->fd, "d", AT_REMOVEDIR);
	(void)unlinkat(room->fd, "a", 0);
	close(room->fd);
	assert_int_equal(rmdir(room->path), 0);
}

/* The number of the check that failed, or BUILT. */
static int
in_child(int (*try)(const struct room *room), const struct room *room)
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(try(room));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
expect_built(int (*try)(const struct room *room))
{
	struct room room = make_room();
	int status = in_child(try, &room);

	remove_room(&room);
	assert_int_equal(status, BUILT);
}

static int
try_files(const struct room *room)
{
	struct sandbox sandbox = { 0 };
	struct error *err = NULL;

	if (confine_process(room->fd, &sandbox, &err) < 0)
		return 1;
	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES)
		return 2;
	if (open("/tmp/confine.out", O_WRONLY | O_CREAT, 0600) >= 0 || errno != EACCES)
		return 3;
	if (mkdirat(room->fd, "d", 0700) < 0 ||
	    openat(room->fd, "a", O_WRONLY | O_CREAT | O_EXCL, 0600) < 0)
		return 4;
	/* What ABI 1 forbids. */
	if (linkat(room->fd, "a", room->fd, "d/b", 0) < 0)
		return 5;
	return BUILT;
}

static void
files_are_made_beneath_the_tree_alone(void **state)
{
	(void)state;
	need("landlock");
	expect_built(try_files);
}

static int
try_limits(const struct room *room)
{
	struct sandbox sandbox = { 0 };
	struct error *err = NULL;
	int fd = -1;

	if (confine_process(room->fd, &sandbox, &err) < 0 || !sandbox.limits ||
	    !sandbox.no_new_privs)
		return 1;
	for (size_t i = 0; i < CHILD_FILES_LIMIT_COUNT && (fd = dup(room->fd)) >= 0; i++)
		;
	if (fd >= 0 || errno != EMFILE)
		return 2;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	if (mmap(NULL, CHILD_MEMORY_LIMIT_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	    MAP_FAILED)
		return 3;
#endif
	return BUILT;
}

static void
memory_and_descriptors_are_bounded(void **state)
{
	(void)state;
	expect_built(try_limits);
}

static int
try_privileges(const struct room *room)
{
	struct sandbox sandbox = { 0 };
	struct error *err = NULL;
	struct rlimit core = { 1, 1 };

	if (confine_process(room->fd, &sandbox, &err) < 0)
		return 1;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 2;
	if (prctl(PR_GET_DUMPABLE) != 0)
		return 3;
	if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_cur != 0 || core.rlim_max != 0)
		return 4;
	return BUILT;
}

static void
nothing_is_gained_and_no_core_file_left(void **state)
{
	(void)state;
	expect_built(try_privileges);
}

static void *
wait_a_little(void *context)
{
	(void)pthread_barrier_wait(context);
	usleep(300000);
	return (void *)(intptr_t)(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
}

static int
try_calls(const struct room *room)
{
	char *const argv[] = { (char *)(uintptr_t) "true", NULL };
	struct sandbox sandbox = { 0 };
	struct error *err = NULL;
	void *refused = NULL;
	pthread_barrier_t began; /* starting a thread needs calls that the sandbox denies */
	pthread_t thread;

	(void)room;
	pthread_barrier_init(&began, NULL, 2);
	if (pthread_create(&thread, NULL, wait_a_little, &began) != 0)
		return 1;
	(void)pthread_barrier_wait(&began);
	if (confine_process(-1, &sandbox, &err) < 0 || confine_calls(&sandbox, &err) < 0)
		return 2;
	if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM)
		return 3;
	if (execv("/bin/true", argv) == 0 || errno != EPERM)
		return 4;
	if (fork() >= 0)
		return 5;
	if (pthread_join(thread, &refused) != 0 || !refused)
		return 6;
	return BUILT;
}

static void
no_thread_opens_sockets_or_starts_programs(void **state)
{
	(void)state;
	need("seccomp");
	expect_built(try_calls);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_made_beneath_the_tree_alone),
		cmocka_unit_test(memory_and_descriptors_are_bounded),
		cmocka_unit_test(nothing_is_gained_and_no_core_file_left),
		cmocka_unit_test(no_thread_opens_sockets_or_starts_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
