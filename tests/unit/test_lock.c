/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/observer.h"
#include "store/lock.h"
#include "store/store.h"
#include "store_room.h"

struct listener {
	struct observer observer;
	int notice_count;
};

static void
hear(struct observer *observer, const struct event *event)
{
	if (event->kind == EVENT_NOTICE && strstr(event->text, "waiting"))
		((struct listener *)observer)->notice_count++;
}

static int
take(struct store *store, enum lock_kind kind)
{
	AUTO_ERROR struct error *err = NULL;
	int fd = lock_take(store, "test.lock", kind, &err);

	if (fd < 0)
		fail_msg("%s", error_text(err));
	return fd;
}

static void
shared_locks_live_together_and_exclusive_ones_do_not(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_CLOSE int first = take(store, LOCK_SHARED);
	AUTO_CLOSE int second = take(store, LOCK_SHARED);

	(void)state;
	assert_true(second >= 0);
	assert_int_equal(lock_try(store, "test.lock", LOCK_EXCLUSIVE), -1);
}

static void
a_wait_ends_after_its_time_and_says_that_it_waits(void **state)
{
	struct listener listener = { .observer = { hear } };
	const struct store_options options = { .lock_timeout_ms = 1300,
					       .observer = &listener.observer };
	AUTO_STORE struct store *holder = create_store("store");
	AUTO_CLOSE int fd = take(holder, LOCK_EXCLUSIVE);
	AUTO_ERROR struct error *err = NULL;
	AUTO_STORE struct store *store = store_open("store", STORE_WRITE, &options, &err);
	int64_t start_ms = deadline_now_ms();
	int64_t waited_ms;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(lock_take(store, "test.lock", LOCK_SHARED, &err), -1);
	waited_ms = deadline_now_ms() - start_ms;
	assert_in_range(waited_ms, 1300, 3300);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_string_equal(error_class(err), "lock");
	assert_int_equal(listener.notice_count, 1);
}

static void
a_lock_dies_with_its_process(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_CLOSE int fd = -1;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		(void)take(store, LOCK_EXCLUSIVE);
		(void)pause();
	}
	while (fd < 0 && !is_there("store/.ocifp/test.lock"))
		(void)usleep(1000);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	fd = take(store, LOCK_EXCLUSIVE);
}

static void
a_stopped_holder_is_waited_for(void **state)
{
	const struct store_options options = { .lock_timeout_ms = 100 };
	AUTO_STORE struct store *holder = create_store("store");
	AUTO_ERROR struct error *err = NULL;
	AUTO_STORE struct store *store = store_open("store", STORE_WRITE, &options, &err);
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		(void)take(holder, LOCK_EXCLUSIVE);
		(void)raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, WUNTRACED), child);
	assert_int_equal(lock_take(store, "test.lock", LOCK_EXCLUSIVE, &err), -1);
	assert_string_equal(error_class(err), "lock");
	assert_int_equal(kill(child, SIGCONT), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(close(take(store, LOCK_EXCLUSIVE)), 0);
}

static void
a_lock_file_that_was_removed_is_noticed(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_CLOSE int fd = take(store, LOCK_EXCLUSIVE);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(lock_check(store, "test.lock", fd, &err), 0);
	assert_int_equal(unlink("store/.ocifp/test.lock"), 0);
	assert_int_equal(lock_check(store, "test.lock", fd, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_string_equal(error_class(err), "lock");
}

static void
a_planted_link_is_no_lock_file(void **state)
{
	AUTO_STORE struct store *store = create_store("store");
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	run("mkdir -p store/.ocifp && ln -s ../../target store/.ocifp/test.lock");
	assert_int_equal(lock_take(store, "test.lock", LOCK_SHARED, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_false(is_there("target"));
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, enter_room, leave_room)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(shared_locks_live_together_and_exclusive_ones_do_not),
		IN_ROOM(a_wait_ends_after_its_time_and_says_that_it_waits),
		IN_ROOM(a_lock_dies_with_its_process),
		IN_ROOM(a_stopped_holder_is_waited_for),
		IN_ROOM(a_lock_file_that_was_removed_is_noticed),
		IN_ROOM(a_planted_link_is_no_lock_file),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
