/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/workers.h"

#define JOB_COUNT 200

struct tally {
	struct job job;
	atomic_uint *next;
	unsigned turn;
};

static void
take_turn(struct job *job)
{
	struct tally *tally = (struct tally *)job;

	tally->turn = atomic_fetch_add(tally->next, 1) + 1;
}

static void
queue_all(struct workers *workers, struct tally *tallies, atomic_uint *next)
{
	for (size_t i = 0; i < JOB_COUNT; i++) {
		tallies[i] = (struct tally){ .job.run = take_turn, .next = next };
		workers_queue(workers, &tallies[i].job);
	}
}

static void
one_thread_runs_jobs_in_queue_order(void **state)
{
	static struct tally tallies[JOB_COUNT];
	AUTO_ERROR struct error *err = NULL;
	struct workers *workers = workers_new(1, &err);
	atomic_uint next = 0;

	(void)state;
	assert_non_null(workers);
	queue_all(workers, tallies, &next);
	workers_free(workers);
	for (unsigned i = 0; i < JOB_COUNT; i++)
		assert_int_equal(tallies[i].turn, i + 1);
}

static void
freeing_waits_until_every_job_has_run_once(void **state)
{
	static struct tally tallies[JOB_COUNT];
	AUTO_ERROR struct error *err = NULL;
	struct workers *workers = workers_new(4, &err);
	atomic_uint next = 0;

	(void)state;
	assert_non_null(workers);
	queue_all(workers, tallies, &next);
	workers_free(workers);
	assert_int_equal(atomic_load(&next), JOB_COUNT);
	for (size_t i = 0; i < JOB_COUNT; i++)
		assert_int_not_equal(tallies[i].turn, 0);
}

/* Ends only when its counterpart runs at the same time. */
struct meeting {
	struct job job;
	int read_fd;
	int write_fd;
	bool met;
};

static void
meet(struct job *job)
{
	struct meeting *meeting = (struct meeting *)job;
	char byte = 'x';

	meeting->met =
		write(meeting->write_fd, &byte, 1) == 1 && read(meeting->read_fd, &byte, 1) == 1;
}

static void
two_threads_run_two_jobs_at_once(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct workers *workers = workers_new(2, &err);
	struct meeting left = { .job.run = meet };
	struct meeting right = { .job.run = meet };
	int there[2], back[2];

	(void)state;
	assert_non_null(workers);
	assert_int_equal(pipe(there), 0);
	assert_int_equal(pipe(back), 0);
	left.write_fd = there[1];
	right.read_fd = there[0];
	right.write_fd = back[1];
	left.read_fd = back[0];
	alarm(20);
	workers_queue(workers, &left.job);
	workers_queue(workers, &right.job);
	workers_free(workers);
	alarm(0);
	assert_true(left.met && right.met);
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
}

static void
a_job_runs_while_the_pool_is_open(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct workers *workers = workers_new(1, &err);
	struct meeting meeting = { .job.run = meet };
	int there[2], back[2];
	char byte = 'x';

	(void)state;
	assert_non_null(workers);
	assert_int_equal(pipe(there), 0);
	assert_int_equal(pipe(back), 0);
	meeting.write_fd = there[1];
	meeting.read_fd = back[0];
	alarm(20);
	workers_queue(workers, &meeting.job);
	assert_int_equal(read(there[0], &byte, 1), 1);
	assert_int_equal(write(back[1], &byte, 1), 1);
	workers_free(workers);
	alarm(0);
	assert_true(meeting.met);
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
}

static void
an_idle_pool_ends(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	workers_free(workers_new(3, &err));
	assert_null(err);
	workers_free(NULL);
}

static void
the_threads_take_no_signal(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct workers *workers = workers_new(3, &err);
	struct timespec soon = { .tv_sec = 5 };
	sigset_t child;
	sigset_t before;

	(void)state;
	assert_non_null(workers);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &child, &before), 0);
	assert_int_equal(kill(getpid(), SIGCHLD), 0);
	assert_int_equal(usleep(50000), 0); /* long enough for a thread to drop it */
	assert_int_equal(sigtimedwait(&child, NULL, &soon), SIGCHLD);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	workers_free(workers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thread_runs_jobs_in_queue_order),
		cmocka_unit_test(freeing_waits_until_every_job_has_run_once),
		cmocka_unit_test(two_threads_run_two_jobs_at_once),
		cmocka_unit_test(a_job_runs_while_the_pool_is_open),
		cmocka_unit_test(an_idle_pool_ends),
		cmocka_unit_test(the_threads_take_no_signal),
	};

	return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
