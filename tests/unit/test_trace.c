/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/trace.h"

static char path[] = "/tmp/test_trace.XXXXXX";

static int
make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static const char *
content(void)
{
	static char bytes[4096];
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	bytes[fread(bytes, 1, sizeof(bytes) - 1, file)] = '\0';
	(void)fclose(file);
	return bytes;
}

static void
without_a_trace_nothing_is_done(void **state)
{
	(void)state;
	assert_false(trace_is_on());
	assert_int_equal(trace_now_us(), 0);
	assert_int_equal(trace_row("a row"), 0);
	trace_span("span", 0, 1, 2, "text");
	assert_int_equal(trace_close(NULL), 0);
	assert_string_equal(content(), "");
}

static void
events_are_in_the_file_as_they_happen_and_closing_ends_the_array(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(trace_open(path, "pull", NULL), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_true(trace_now_us() > 0);
	errno = EXDEV;
	trace_span("hash", trace_row("row \"%d\"", 2), 10, 25, "a\n\\\"\x7f\xc3");
	assert_int_equal(errno, EXDEV);
	assert_non_null(strstr(content(), ",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":"));
	assert_non_null(strstr(content(), "\"tid\":2,\"args\":{\"name\":\"row ?2?\"}}"));
	assert_non_null(strstr(content(),
			       "\"tid\":2,\"ts\":10,\"dur\":15,\"args\":{\"what\":\"a?????\"}}"));
	assert_int_equal(trace_close(NULL), 0);
	assert_int_equal(strncmp(content(), "[\n{\"name\":\"process_name\"", 24), 0);
	assert_string_equal(content() + strlen(content()) - 5, "}}\n]\n");
	assert_false(trace_is_on());
}

static void
a_span_that_began_before_the_trace_is_left_out_and_none_has_a_negative_duration(void **state)
{
	(void)state;
	assert_int_equal(trace_open(path, "pull", NULL), 0);
	trace_span("unmeasured", 0, 0, 25, "text");
	trace_span("backwards", 0, 25, 10, "text");
	assert_null(strstr(content(), "unmeasured"));
	assert_non_null(strstr(content(), "\"ts\":25,\"dur\":0"));
	assert_int_equal(trace_close(NULL), 0);
}

static void
a_forked_child_writes_nothing(void **state)
{
	pid_t pid;

	(void)state;
	assert_int_equal(trace_open(path, "pull", NULL), 0);
	pid = fork();
	if (pid == 0) {
		trace_span("child", 0, 1, 2, "text");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_null(strstr(content(), "child"));
	assert_int_equal(trace_close(NULL), 0);
}

static void
what_could_not_be_written_is_told_at_the_end(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(trace_open(path, "pull", NULL), 0);
	limit.rlim_cur = 300;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	trace_span("cut", 0, 1, 2, "%0300d", 0);
	trace_span("later", 0, 1, 2, "text");
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(trace_close(&err), -1);
	assert_true(error_is(err, ERROR_LOCAL));
	assert_null(strstr(content(), "later"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_trace_nothing_is_done),
		cmocka_unit_test(events_are_in_the_file_as_they_happen_and_closing_ends_the_array),
		cmocka_unit_test(
			a_span_that_began_before_the_trace_is_left_out_and_none_has_a_negative_duration),
		cmocka_unit_test(a_forked_child_writes_nothing),
		cmocka_unit_test(what_could_not_be_written_is_told_at_the_end),
	};

	return cmocka_run_group_tests_name("trace", tests, make_file, remove_file);
}
