/* SPDX-License-Identifier: Apache-2.0 */
/* The stand-ins of base/compat.c, which no build on Linux has, under names of their own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <search.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#undef HAVE_EXPLICIT_BZERO
#undef HAVE_MEMRCHR
#undef HAVE_PIPE2
#undef HAVE_PPOLL
#undef HAVE_PTHREAD_BARRIER_T
#undef HAVE_TDESTROY
#undef SOCK_CLOEXEC
#define explicit_bzero own_bzero
#define memrchr own_memrchr
#define pipe2 own_pipe2
#define ppoll own_ppoll
#define pthread_barrier_init own_barrier_init
#define pthread_barrier_wait own_barrier_wait
#define pthread_barrier_destroy own_barrier_destroy
#define tdestroy own_tdestroy
#include "base/compat.c"

static void
memrchr_finds_the_last_one(void **state)
{
	static const char text[] = "user@name@host";

	(void)state;
	assert_ptr_equal(memrchr(text, '@', sizeof(text)), text + 9);
	assert_ptr_equal(memrchr(text, '@', 9), text + 4);
	assert_ptr_equal(memrchr(text, 'u', sizeof(text)), text);
	assert_null(memrchr(text, '@', 4));
	assert_null(memrchr(text, '@', 0));
}

static void
explicit_bzero_clears(void **state)
{
	char secret[] = "secret";
	static const char nothing[sizeof(secret)];

	(void)state;
	explicit_bzero(secret, sizeof(secret));
	assert_memory_equal(secret, nothing, sizeof(secret));
}

static void
descriptors_are_closed_on_exec(void **state)
{
	int pipe_fds[2];
	int pair_fds[2];
	int fd = socket_cloexec(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_int_equal(socketpair_cloexec(AF_UNIX, SOCK_STREAM, 0, pair_fds), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fcntl(pipe_fds[i], F_GETFD), FD_CLOEXEC);
		assert_int_equal(fcntl(pair_fds[i], F_GETFD), FD_CLOEXEC);
		close(pipe_fds[i]);
		close(pair_fds[i]);
	}
	close(fd);
}

static void
ppoll_tells_who_is_ready(void **state)
{
	static const struct timespec at_once = { 0 };
	int fds[2];
	struct pollfd polled[3] = { { .fd = -1, .events = POLLIN } };

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	polled[1] = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	polled[2] = (struct pollfd){ .fd = fds[1], .events = POLLOUT };
	assert_int_equal(ppoll(polled, 3, &at_once, NULL), 1);
	assert_int_equal(polled[1].revents, 0);
	assert_int_equal(polled[2].revents, POLLOUT);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(ppoll(polled, 3, &at_once, NULL), 2);
	assert_int_equal(polled[1].revents, POLLIN);
	assert_int_equal(read(fds[0], &(char){ 0 }, 1), 1);
	/* The end of a stream is something to read. */
	close(fds[1]);
	assert_int_equal(ppoll(polled, 2, &at_once, NULL), 1);
	assert_int_equal(polled[1].revents, POLLIN);
	close(fds[0]);
	assert_int_equal(ppoll(NULL, 0, &at_once, NULL), 0);
	assert_int_equal(ppoll(&(struct pollfd){ FD_SETSIZE, POLLIN, 0 }, 1, &at_once, NULL), -1);
	assert_int_equal(errno, EINVAL);
}

static void
ignore(int number)
{
	(void)number;
}

static void
ppoll_ends_by_a_signal_that_its_mask_lets_through(void **state)
{
	static const struct timespec long_time = { .tv_sec = 60 };
	const struct sigaction action = { .sa_handler = ignore };
	sigset_t blocked;
	sigset_t open;

	(void)state;
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&open);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGUSR1);
	assert_int_equal(ppoll(NULL, 0, &long_time, &open), -1);
	assert_int_equal(errno, EINTR);
}

static int
compare(const void *left, const void *right)
{
	return strcmp(left, right);
}

static unsigned freed_count;

static void
count_freed(void *item)
{
	freed_count++;
	free(item);
}

static void
tdestroy_frees_each_item_once(void **state)
{
	void *root = NULL;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char *name = malloc(16);

		snprintf(name, 16, "%d", i * 7919 % 1000);
		assert_ptr_equal(*(char **)tsearch(name, &root, compare), name);
	}
	tdestroy(root, count_freed);
	assert_int_equal(freed_count, 1000);
	tdestroy(NULL, count_freed);
	assert_int_equal(freed_count, 1000);
}

enum { THREAD_COUNT = 4, ROUND_COUNT = 100 };

struct meeting {
	pthread_barrier_t barrier;
	pthread_mutex_t lock;
	unsigned arrived_count;
	bool was_early;
};

/* Who passes the barrier of a round finds that all have arrived. */
static void *
attend(void *context)
{
	struct meeting *meeting = context;

	for (unsigned round = 1; round <= ROUND_COUNT; round++) {
		pthread_mutex_lock(&meeting->lock);
		meeting->arrived_count++;
		pthread_mutex_unlock(&meeting->lock);
		pthread_barrier_wait(&meeting->barrier);
		pthread_mutex_lock(&meeting->lock);
		meeting->was_early |= meeting->arrived_count != round * THREAD_COUNT;
		pthread_mutex_unlock(&meeting->lock);
		pthread_barrier_wait(&meeting->barrier);
	}
	return NULL;
}

static void
a_barrier_holds_threads_until_all_have_come(void **state)
{
	struct meeting meeting = { .arrived_count = 0 };
	pthread_t threads[THREAD_COUNT];

	(void)state;
	pthread_mutex_init(&meeting.lock, NULL);
	assert_int_equal(pthread_barrier_init(&meeting.barrier, NULL, THREAD_COUNT), 0);
	for (int i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, attend, &meeting), 0);
	for (int i = 0; i < THREAD_COUNT; i++)
		pthread_join(threads[i], NULL);
	assert_false(meeting.was_early);
	assert_int_equal(meeting.arrived_count, ROUND_COUNT * THREAD_COUNT);
	pthread_barrier_destroy(&meeting.barrier);
	pthread_mutex_destroy(&meeting.lock);
}

static void
used_time_grows(void **state)
{
	int64_t before = process_used_ns(getpid());
	volatile unsigned work = 0;

	(void)state;
	while (work < 10000000)
		work++;
	assert_true(before > 0);
	assert_true(process_used_ns(getpid()) > before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memrchr_finds_the_last_one),
		cmocka_unit_test(explicit_bzero_clears),
		cmocka_unit_test(descriptors_are_closed_on_exec),
		cmocka_unit_test(ppoll_tells_who_is_ready),
		cmocka_unit_test(ppoll_ends_by_a_signal_that_its_mask_lets_through),
		cmocka_unit_test(tdestroy_frees_each_item_once),
		cmocka_unit_test(a_barrier_holds_threads_until_all_have_come),
		cmocka_unit_test(used_time_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
