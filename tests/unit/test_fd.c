/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/spawn.h"
#include "base/xalloc.h"

/* Every test has an empty directory of its own, and is in it; one that blocks is killed. */
struct room {
	char path[32];
	int before_fd;
};

static int
enter_room(void **state)
{
	struct room *room = xcalloc(1, sizeof(*room));

	(void)snprintf(room->path, sizeof(room->path), "/tmp/test_fd.XXXXXX");
	room->before_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_non_null(mkdtemp(room->path));
	assert_int_equal(chdir(room->path), 0);
	alarm(30);
	*state = room;
	return 0;
}

static int
leave_room(void **state)
{
	struct room *room = *state;
	const struct spawn_options removal = {
		.argv = (const char *const[]){ "rm", "-rf", room->path, NULL },
	};
	struct spawn_result result;
	AUTO_ERROR struct error *err = NULL;

	alarm(0);
	assert_int_equal(fchdir(room->before_fd), 0);
	close(room->before_fd);
	assert_int_equal(spawn_run(&removal, &result, &err), 0);
	free(room);
	return 0;
}

static void
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void
assert_holds(const char *path, const char *text)
{
	AUTO_BUF struct buf buf = BUF_INIT(1000);
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(file_read(AT_FDCWD, path, &buf, &err), 0);
	assert_string_equal(buf.data ? buf.data : "", text);
}

static int
count_entries(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, NULL);

	assert_true(count >= 2);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return count - 2; /* "." and ".." */
}

struct copy {
	int fd;
	size_t size;
};

static void *
drain_slowly(void *arg)
{
	struct copy *copy = arg;
	char bytes[5000];
	ssize_t got;

	while ((got = read(copy->fd, bytes, sizeof(bytes))) > 0) {
		copy->size += (size_t)got;
		(void)usleep(100);
	}
	return NULL;
}

static void
writes_everything_to_a_pipe_that_is_often_full(void **state)
{
	const size_t size = 1000000;
	AUTO_FREE char *bytes = xcalloc(1, size);
	AUTO_ERROR struct error *err = NULL;
	struct copy copy = { 0 };
	pthread_t thread;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	copy.fd = ends[0];
	assert_int_equal(pthread_create(&thread, NULL, drain_slowly, &copy), 0);
	assert_int_equal(fd_write_all(ends[1], bytes, size, "pipe", &err), 0);
	close(ends[1]);
	pthread_join(thread, NULL);
	close(ends[0]);
	assert_int_equal(copy.size, size);
}

static void
on_signal(int signal_number)
{
	(void)signal_number;
}

static void *
write_late(void *arg)
{
	int fd = *(int *)arg;

	(void)usleep(60000);
	if (write(fd, "late", 4) != 4)
		return arg;
	(void)usleep(30000);
	close(fd);
	return NULL;
}

static void
reading_goes_on_after_signals(void **state)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } };
	struct itimerval stop = { 0 };
	AUTO_BUF struct buf buf = BUF_INIT(100);
	AUTO_ERROR struct error *err = NULL;
	void *failed = NULL;
	pthread_t thread;
	sigset_t alarms;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarms, NULL);
	assert_int_equal(pthread_create(&thread, NULL, write_late, &ends[1]), 0);
	pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(fd_read_all(ends[0], &buf, "pipe", &err), 0);
	setitimer(ITIMER_REAL, &stop, NULL);
	pthread_join(thread, &failed);
	(void)signal(SIGALRM, SIG_DFL);
	close(ends[0]);
	assert_null(failed);
	assert_string_equal(buf.data, "late");
}

static void
reading_waits_where_the_stream_is_non_blocking(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(100);
	AUTO_ERROR struct error *err = NULL;
	pthread_t thread;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(pthread_create(&thread, NULL, write_late, &ends[1]), 0);
	assert_int_equal(fd_read_all(ends[0], &buf, "pipe", &err), 0);
	pthread_join(thread, NULL);
	close(ends[0]);
	assert_string_equal(buf.data, "late");
}

static void
a_full_disk_is_a_local_error(void **state)
{
	AUTO_CLOSE int fd = open("/dev/full", O_WRONLY);
	AUTO_ERROR struct error *err = NULL;
	AUTO_ERROR struct error *pwrite_err = NULL;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, "a", 1, "f\n", &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_string_equal(error_text(err), "cannot write 'f\\x0a': No space left on device");
	assert_int_equal(fd_pwrite_all(fd, "a", 1, 5, "f", &pwrite_err), -1);
	assert_int_equal(error_kind(pwrite_err), ERROR_LOCAL);
}

static void
writes_at_the_offset_and_leaves_the_rest(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int fd = -1;

	(void)state;
	put("f", "0123456789");
	fd = open("f", O_RDWR);
	assert_int_equal(fd_pwrite_all(fd, "ab", 2, 3, "f", &err), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	assert_holds("f", "012ab56789");
}

static void
reads_up_to_the_limit_and_nothing_past_it(void **state)
{
	AUTO_BUF struct buf exact = BUF_INIT(4);
	AUTO_BUF struct buf small = BUF_INIT(3);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	put("f", "abcd");
	assert_int_equal(file_read(AT_FDCWD, "f", &exact, &err), 0);
	assert_string_equal(exact.data, "abcd");
	assert_int_equal(file_read(AT_FDCWD, "f", &small, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_string_equal(error_text(err), "cannot read 'f': more than 3 bytes");
}

static void
a_failed_read_leaves_the_buffer_as_it_was(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(20000);
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int fd = open("/dev/zero", O_RDONLY);

	(void)state;
	assert_int_equal(buf_append_text(&buf, "before", &err), 0);
	assert_int_equal(fd_read_all(fd, &buf, "zero", &err), -1);
	assert_int_equal(buf.size, 6);
	assert_string_equal(buf.data, "before");
}

static void
reading_appends(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(100);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	put("f", "b");
	assert_int_equal(buf_append_text(&buf, "a", &err), 0);
	assert_int_equal(file_read(AT_FDCWD, "f", &buf, &err), 0);
	assert_string_equal(buf.data, "ab");
}

static void
a_missing_file_is_an_error_to_read_and_an_answer_to_find(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(100);
	AUTO_ERROR struct error *err = NULL;
	bool found = true;

	(void)state;
	assert_int_equal(file_find(AT_FDCWD, "none", &buf, &found, &err), 0);
	assert_false(found);
	assert_null(err);
	put("f", "x");
	assert_int_equal(file_find(AT_FDCWD, "f", &buf, &found, &err), 0);
	assert_true(found);
	assert_string_equal(buf.data, "x");
	assert_int_equal(file_read(AT_FDCWD, "none", &buf, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_string_equal(error_text(err), "cannot open 'none': No such file or directory");
}

static void
finding_does_not_take_another_failure_for_missing(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(100);
	AUTO_ERROR struct error *err = NULL;
	bool found = true;

	(void)state;
	put("f", "x");
	assert_int_equal(file_find(AT_FDCWD, "f/below", &buf, &found, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_true(found);
}

static void
nothing_but_a_regular_file_is_read_or_waited_for(void **state)
{
	static const char *const paths[] = { "fifo", "dir", "/dev/zero", "link-to-fifo" };

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(mkdir("dir", 0700), 0);
	assert_int_equal(symlink("fifo", "link-to-fifo"), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		AUTO_BUF struct buf buf = BUF_INIT(100);
		AUTO_ERROR struct error *err = NULL;
		AUTO_ERROR struct error *find_err = NULL;
		bool found;

		assert_int_equal(file_open(AT_FDCWD, paths[i], &err), -1);
		assert_int_equal(error_kind(err), ERROR_LOCAL);
		assert_non_null(strstr(error_text(err), "is not a regular file"));
		assert_int_equal(file_find(AT_FDCWD, paths[i], &buf, &found, &find_err), -1);
		assert_int_equal(buf.size, 0);
	}
}

static void
opened_files_stay_ours(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int dir_fd = -1;

	(void)state;
	put("f", "x");
	fd = file_open(AT_FDCWD, "f", &err);
	dir_fd = dir_open(".", &err);
	assert_true(fd >= 0 && dir_fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(dir_fd, F_GETFD), FD_CLOEXEC);
}

static void
paths_are_beneath_the_directory_given(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(100);
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int dir_fd = -1;

	(void)state;
	assert_int_equal(mkdir("d", 0700), 0);
	put("f", "outside");
	dir_fd = dir_open("d", &err);
	assert_int_equal(file_replace(dir_fd, "f", 0600, "inside", 6, &err), 0);
	assert_int_equal(file_read(dir_fd, "f", &buf, &err), 0);
	assert_string_equal(buf.data, "inside");
	assert_holds("f", "outside");
	assert_int_equal(count_entries("d"), 1);
}

static void
replaces_content_mode_and_inode_and_leaves_nothing_else(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	mode_t mask = umask(022);
	struct stat before, after;

	(void)state;
	put("f", "old");
	assert_int_equal(stat("f", &before), 0);
	assert_int_equal(file_replace(AT_FDCWD, "f", 0666, "new", 3, &err), 0);
	(void)umask(mask);
	assert_int_equal(stat("f", &after), 0);
	assert_int_equal(after.st_mode & 07777, 0644);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_holds("f", "new");
	assert_int_equal(count_entries("."), 1);
}

static void
replaces_what_is_missing_and_takes_nothing_for_content(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(file_replace(AT_FDCWD, "d/f", 0600, "", 0, &err), 0);
	assert_holds("d/f", "");
}

static void
a_failed_replacement_leaves_the_old_and_no_temporary_file(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_ERROR struct error *missing_err = NULL;

	(void)state;
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(file_replace(AT_FDCWD, "d", 0600, "new", 3, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_string_equal(error_text(err), "cannot replace 'd': Is a directory");
	assert_int_equal(count_entries("."), 1);
	assert_int_equal(file_replace(AT_FDCWD, "no/f", 0600, "new", 3, &missing_err), -1);
	assert_int_equal(error_kind(missing_err), ERROR_LOCAL);
	assert_int_equal(count_entries("."), 1);
}

static void
a_symlink_is_replaced_and_not_followed(void **state)
{
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	put("target", "precious");
	assert_int_equal(symlink("target", "f"), 0);
	assert_int_equal(file_replace(AT_FDCWD, "f", 0600, "new", 3, &err), 0);
	assert_holds("target", "precious");
	assert_holds("f", "new");
}

static void
makes_directories_and_is_content_with_those_there(void **state)
{
	const struct room *room = *state;
	AUTO_ERROR struct error *err = NULL;
	char absolute[64];
	struct stat status;

	(void)snprintf(absolute, sizeof(absolute), "%s/x//y/", room->path);
	assert_int_equal(dir_make("a/b/c", 0700, &err), 0);
	assert_int_equal(dir_make("a/b/c", 0700, &err), 0);
	assert_int_equal(dir_make(absolute, 0700, &err), 0);
	assert_int_equal(dir_make("/", 0700, &err), 0);
	assert_int_equal(stat("a/b/c", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(stat("x/y", &status), 0);
}

static void
a_symlink_to_a_directory_serves_as_one(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct stat status;

	(void)state;
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(symlink("d", "link"), 0);
	assert_int_equal(dir_make("link/e", 0700, &err), 0);
	assert_int_equal(stat("d/e", &status), 0);
}

static void
a_file_in_the_way_of_a_directory_is_an_error(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_ERROR struct error *open_err = NULL;

	(void)state;
	put("f", "x");
	assert_int_equal(dir_make("f/d", 0700, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_string_equal(error_text(err), "cannot make directory 'f': File exists");
	assert_int_equal(dir_open("f", &open_err), -1);
	assert_int_equal(error_kind(open_err), ERROR_LOCAL);
}

static void
syncs_the_directory_that_holds_the_path(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int dir_fd = -1;

	(void)state;
	assert_int_equal(dir_make("d/e", 0700, &err), 0);
	dir_fd = open("d", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(dir_sync(dir_fd, NULL, &err), 0);
	assert_int_equal(dir_sync(dir_fd, "e/f", &err), 0);
	assert_int_equal(dir_sync(AT_FDCWD, "d/e/", &err), 0);
	assert_int_equal(dir_sync(AT_FDCWD, "/tmp", &err), 0);
	assert_int_equal(dir_sync(AT_FDCWD, "f", &err), 0);
	assert_int_equal(dir_sync(AT_FDCWD, "none/f", &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_room, leave_room)

/* Nobody is told of an output that has enough of us; a program of ours that ended is a failure. */
static void
a_pipe_that_nobody_reads_is_a_failure_unless_it_is_our_output(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	(void)close(ends[0]);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(fd_write_all(ends[1], "a", 1, "helper", &err), -1);
	assert_false(error_has_class(err, CLASS_NO_READER));
	(void)close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writes_everything_to_a_pipe_that_is_often_full),
		TEST(reading_goes_on_after_signals),
		TEST(reading_waits_where_the_stream_is_non_blocking),
		TEST(a_full_disk_is_a_local_error),
		TEST(a_pipe_that_nobody_reads_is_a_failure_unless_it_is_our_output),
		TEST(writes_at_the_offset_and_leaves_the_rest),
		TEST(reads_up_to_the_limit_and_nothing_past_it),
		TEST(a_failed_read_leaves_the_buffer_as_it_was),
		TEST(reading_appends),
		TEST(a_missing_file_is_an_error_to_read_and_an_answer_to_find),
		TEST(finding_does_not_take_another_failure_for_missing),
		TEST(nothing_but_a_regular_file_is_read_or_waited_for),
		TEST(opened_files_stay_ours),
		TEST(paths_are_beneath_the_directory_given),
		TEST(replaces_content_mode_and_inode_and_leaves_nothing_else),
		TEST(replaces_what_is_missing_and_takes_nothing_for_content),
		TEST(a_failed_replacement_leaves_the_old_and_no_temporary_file),
		TEST(a_symlink_is_replaced_and_not_followed),
		TEST(makes_directories_and_is_content_with_those_there),
		TEST(a_symlink_to_a_directory_serves_as_one),
		TEST(a_file_in_the_way_of_a_directory_is_an_error),
		TEST(syncs_the_directory_that_holds_the_path),
	};

	return cmocka_run_group_tests_name("fd", tests, NULL, NULL);
}
