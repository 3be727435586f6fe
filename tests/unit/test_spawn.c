/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ability.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/spawn.h"
#include "base/xalloc.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SHELL(script) ARGV("/bin/sh", "-c", script)

/* One that hangs is killed. */
static int
set_alarm(void **state)
{
	(void)state;
	alarm(60);
	return 0;
}

static struct spawn_result
run(const struct spawn_options *options)
{
	struct spawn_result result = { .exit_status = -1 };
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(spawn_run(options, &result, &err), 0);
	assert_null(err);
	return result;
}

static void
exit_status_is_what_a_shell_says(void **state)
{
	static const struct {
		const char *script;
		int exit_status;
	} cases[] = {
		{ "exit 0", 0 },       { "exit 7", 7 },          { "exit 255", 255 },
		{ "kill -9 $$", 137 }, { "kill -TERM $$", 143 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spawn_options options = { .argv = SHELL(cases[i].script) };
		struct spawn_result result = run(&options);

		assert_int_equal(result.exit_status, cases[i].exit_status);
		assert_false(result.timed_out);
	}
}

static void
a_program_that_cannot_start_is_126_or_127(void **state)
{
	static const struct {
		const char *program;
		int exit_status;
	} cases[] = {
		{ "ocifp-no-such-program", 127 }, { "/no/such/program", 127 },
		{ "/etc/passwd", 126 },           { "/", 126 },
		{ "/etc/passwd/program", 126 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct spawn_options options = { .argv = ARGV(cases[i].program) };

		assert_int_equal(run(&options).exit_status, cases[i].exit_status);
	}
}

static void
arguments_reach_the_program_without_a_shell(void **state)
{
	AUTO_BUF struct buf output = BUF_INIT(1000);
	struct spawn_options options = {
		.argv = ARGV("printf", "%s|", "$(id)", "a b", "", "*;\n"),
		.output = &output,
	};

	(void)state;
	assert_int_equal(run(&options).exit_status, 0);
	assert_string_equal(output.data, "$(id)|a b||*;\n|");
}

static void
input_and_output_larger_than_any_pipe_do_not_deadlock(void **state)
{
	const size_t size = 3000000;
	AUTO_FREE char *input = xcalloc(1, size);
	AUTO_BUF struct buf output = BUF_INIT(3000000);
	AUTO_BUF struct buf messages = BUF_INIT(3000000);
	struct spawn_options options = {
		.argv = SHELL("tee /dev/fd/2"),
		.input = input,
		.input_bytes = size,
		.output = &output,
		.messages = &messages,
	};

	(void)state;
	for (size_t i = 0; i < size; i++)
		input[i] = (char)(i % 251);
	assert_int_equal(run(&options).exit_status, 0);
	assert_int_equal(output.size, size);
	assert_int_equal(messages.size, size);
	assert_memory_equal(output.data, input, size);
	assert_memory_equal(messages.data, input, size);
}

static void
output_and_messages_are_kept_apart(void **state)
{
	AUTO_BUF struct buf output = BUF_INIT(100);
	AUTO_BUF struct buf messages = BUF_INIT(100);
	struct spawn_options options = {
		.argv = SHELL("echo out; echo err >&2"),
		.output = &output,
		.messages = &messages,
	};

	(void)state;
	assert_int_equal(run(&options).exit_status, 0);
	assert_string_equal(output.data, "out\n");
	assert_string_equal(messages.data, "err\n");
}

/* Runs with one of our standard streams bound to a file that is not there by name. */
static void
run_with(const struct spawn_options *options, int stream, int file)
{
	int saved = dup(stream);

	assert_true(file >= 0 && saved >= 0);
	assert_int_equal(dup2(file, stream), stream);
	run(options);
	assert_int_equal(dup2(saved, stream), stream);
	close(saved);
}

static void
output_nobody_asked_for_goes_to_our_stderr(void **state)
{
	struct spawn_options options = { .argv = SHELL("echo out; echo err >&2") };
	AUTO_BUF struct buf text = BUF_INIT(100);
	AUTO_ERROR struct error *err = NULL;
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	run_with(&options, STDERR_FILENO, fileno(file));
	assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(fileno(file), &text, "file", &err), 0);
	(void)fclose(file);
	assert_string_equal(text.data, "out\nerr\n");
}

static void
our_stdin_is_inherited_only_when_asked(void **state)
{
	AUTO_BUF struct buf inherited = BUF_INIT(100);
	AUTO_BUF struct buf none = BUF_INIT(100);
	struct spawn_options options = { .argv = ARGV("cat"), .output = &none };
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	assert_int_equal(pwrite(fileno(file), "ours", 4, 0), 4);
	run_with(&options, STDIN_FILENO, fileno(file));
	assert_int_equal(none.size, 0);
	options.inherit_input = true;
	options.output = &inherited;
	run_with(&options, STDIN_FILENO, fileno(file));
	(void)fclose(file);
	assert_string_equal(inherited.data, "ours");
}

static void
empty_input_ends_at_once(void **state)
{
	AUTO_BUF struct buf output = BUF_INIT(100);
	struct spawn_options options = { .argv = ARGV("cat"), .input = "", .output = &output };

	(void)state;
	assert_int_equal(run(&options).exit_status, 0);
	assert_int_equal(output.size, 0);
}

static void
a_program_that_does_not_read_its_input_kills_nobody(void **state)
{
	const size_t size = 1000000;
	AUTO_FREE char *input = xcalloc(1, size);
	struct spawn_options options = { .argv = SHELL("exec <&-; exit 3"),
					 .input = input,
					 .input_bytes = size };
	sigset_t pending;

	(void)state;
	(void)signal(SIGPIPE, SIG_DFL);
	assert_int_equal(run(&options).exit_status, 3);
	assert_int_equal(sigpending(&pending), 0);
	assert_false(sigismember(&pending, SIGPIPE));
}

static void
signals_we_ignore_or_block_are_normal_in_the_program(void **state)
{
	struct spawn_options options = { .argv = SHELL("kill -PIPE $$; exit 0") };
	struct spawn_options blocked = { .argv = SHELL("kill -TERM $$; exit 0") };
	sigset_t term, before;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(run(&options).exit_status, 128 + SIGPIPE);
	(void)signal(SIGPIPE, SIG_DFL);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, &before);
	assert_int_equal(run(&blocked).exit_status, 128 + SIGTERM);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void
runs_in_the_directory_given(void **state)
{
	AUTO_BUF struct buf output = BUF_INIT(PATH_MAX);
	struct spawn_options options = { .argv = ARGV("pwd"), .directory = "/", .output = &output };

	(void)state;
	assert_int_equal(run(&options).exit_status, 0);
	assert_string_equal(output.data, "/\n");
}

static void
a_missing_directory_is_no_missing_program(void **state)
{
	struct spawn_options options = { .argv = ARGV("true"), .directory = "/no/such" };
	struct spawn_result result = { .exit_status = -1 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(spawn_run(&options, &result, &err), -1);
	assert_int_equal(error_kind(err), ERROR_LOCAL);
	assert_string_equal(error_text(err),
			    "cannot enter directory '/no/such': No such file or directory");
	assert_int_equal(result.exit_status, -1);
}

static void
environment_is_ours_or_the_one_given(void **state)
{
	AUTO_BUF struct buf ours = BUF_INIT(100);
	AUTO_BUF struct buf given = BUF_INIT(100);
	char ours_only[] = "OCIFP_A=1";
	char **before = environ;
	struct spawn_options options = {
		.argv = SHELL("echo \"$OCIFP_A-$OCIFP_B\""),
		.output = &ours,
	};

	(void)state;
	environ = (char *[]){ ours_only, NULL };
	run(&options);
	environ = before;
	assert_string_equal(ours.data, "1-\n");
	options.environment = ARGV("OCIFP_B=2");
	options.output = &given;
	run(&options);
	assert_string_equal(given.data, "-2\n");
}

static void
no_other_descriptor_is_inherited(void **state)
{
	AUTO_BUF struct buf output = BUF_INIT(1000);
	struct spawn_options options = {
		.argv = SHELL("for i in 3 4 5 6 7 8 9; do "
			      "test -e /proc/self/fd/$i && echo $i; done; true"),
		.output = &output,
	};
	int leaked[5];

	(void)state;
	need("closefrom");
	for (size_t i = 0; i < 5; i++)
		leaked[i] = open("/dev/null", O_RDONLY);
	run(&options);
	for (size_t i = 0; i < 5; i++)
		close(leaked[i]);
	assert_int_equal(output.size, 0);
}

static size_t
count_our_descriptors(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void
no_descriptor_of_ours_is_left_open(void **state)
{
	size_t before = count_our_descriptors();
	AUTO_BUF struct buf output = BUF_INIT(10);
	struct spawn_options options = {
		.argv = ARGV("cat"),
		.input = "x",
		.input_bytes = 1,
		.directory = "/",
		.output = &output,
		.messages = &output,
	};
	struct spawn_options absent = options;

	(void)state;
	absent.argv = ARGV("/no/such/program");
	run(&options);
	run(&absent);
	assert_int_equal(count_our_descriptors(), before);
}

/* Absent, or a zombie that its new parent has not yet reaped. */
static bool
is_dead(const char *pid)
{
	char path[64], status[512] = "";
	const char *name_end;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)strtol(pid, NULL, 10));
	file = fopen(path, "r");
	if (!file)
		return true;
	if (!fgets(status, sizeof(status), file))
		status[0] = '\0';
	(void)fclose(file);
	name_end = strrchr(status, ')');
	return !name_end || name_end[2] == 'Z' || name_end[2] == 'X';
}

static bool
dies_soon(const char *pid)
{
	for (int i = 0; i < 200 && !is_dead(pid); i++)
		(void)usleep(10000);
	return is_dead(pid);
}

static void
the_deadline_kills_the_program_and_its_children(void **state)
{
	AUTO_BUF struct buf output = BUF_INIT(100);
	int64_t start_ms = deadline_now_ms();
	struct spawn_options options = {
		.argv = SHELL("sleep 50 & echo $!; sleep 50"),
		.output = &output,
		.deadline_ms = deadline_after_ms(300),
	};
	struct spawn_result result = run(&options);

	(void)state;
	assert_true(result.timed_out);
	assert_int_equal(result.exit_status, 128 + SIGKILL);
	assert_in_range(deadline_now_ms() - start_ms, 300, 5000);
	assert_true(dies_soon(output.data));
}

static void
killed_ourselves_we_leave_nobody_who_answers_us(void **state)
{
	int ends[2];
	char pids[64] = "";
	char *second = NULL;
	pid_t ocifp;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	ocifp = fork();
	if (ocifp == 0) {
		AUTO_BUF struct buf output = BUF_INIT(100);
		struct spawn_options options = {
			.argv = SHELL("sleep 50 & echo $$ $! >&2; wait"),
			.output = &output,
			.deadline_ms = deadline_after_ms(50000),
		};
		struct spawn_result result;

		(void)dup2(ends[1], STDERR_FILENO);
		(void)spawn_run(&options, &result, NULL);
		_exit(0);
	}
	close(ends[1]);
	assert_true(read(ends[0], pids, sizeof(pids) - 1) > 0);
	second = strchr(pids, ' ');
	assert_non_null(second);
	assert_false(is_dead(pids) || is_dead(second));
	assert_int_equal(kill(ocifp, SIGKILL), 0);
	assert_int_equal(waitpid(ocifp, NULL, 0), ocifp);
	assert_true(dies_soon(pids));
	assert_true(dies_soon(second));
	close(ends[0]);
}

static void
the_deadline_counts_after_the_streams_are_closed_too(void **state)
{
	AUTO_BUF struct buf output = BUF_INIT(100);
	struct spawn_options options = {
		.argv = SHELL("exec >&- 2>&-; exec sleep 50"),
		.output = &output,
		.messages = &output,
		.deadline_ms = deadline_after_ms(200),
	};

	(void)state;
	assert_true(run(&options).timed_out);
}

static void
a_program_that_reads_nothing_meets_the_deadline(void **state)
{
	const size_t size = 1000000;
	AUTO_FREE char *input = xcalloc(1, size);
	struct spawn_options options = {
		.argv = ARGV("sleep", "50"),
		.input = input,
		.input_bytes = size,
		.deadline_ms = deadline_after_ms(200),
	};

	(void)state;
	assert_true(run(&options).timed_out);
}

static void
who_ends_in_time_is_not_timed_out(void **state)
{
	struct spawn_options options = {
		.argv = SHELL("sleep 0.1; exit 4"),
		.deadline_ms = deadline_after_ms(30000),
	};
	int64_t start_ms = deadline_now_ms();
	struct spawn_result result = run(&options);

	(void)state;
	assert_false(result.timed_out);
	assert_int_equal(result.exit_status, 4);
	assert_true(deadline_now_ms() - start_ms < 10000);
}

static void
output_past_its_limit_ends_the_program(void **state)
{
	static const char *const scripts[] = {
		"printf 12345; sleep 50",
		"printf 12345 >&2; sleep 50",
		"yes",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		AUTO_BUF struct buf output = BUF_INIT(4);
		AUTO_BUF struct buf messages = BUF_INIT(4);
		AUTO_ERROR struct error *err = NULL;
		int64_t start_ms = deadline_now_ms();
		struct spawn_result result = { .exit_status = -1 };
		struct spawn_options options = {
			.argv = SHELL(scripts[i]),
			.output = &output,
			.messages = &messages,
			.deadline_ms = deadline_after_ms(40000),
		};

		assert_int_equal(spawn_run(&options, &result, &err), -1);
		assert_int_equal(error_kind(err), ERROR_CONTENT);
		assert_string_equal(error_class(err), "limit");
		assert_string_equal(error_text(err), "output of '/bin/sh': more than 4 bytes");
		assert_int_equal(result.exit_status, -1);
		assert_true(deadline_now_ms() - start_ms < 10000);
	}
}

static void
output_at_its_limit_is_fine(void **state)
{
	AUTO_BUF struct buf output = BUF_INIT(4);
	struct spawn_options options = { .argv = ARGV("printf", "1234"), .output = &output };

	(void)state;
	assert_int_equal(run(&options).exit_status, 0);
	assert_string_equal(output.data, "1234");
}

static void
an_end_that_nobody_saw_is_no_success(void **state)
{
	struct spawn_options options = { .argv = ARGV("true") };
	struct spawn_result result = { .exit_status = -1 };
	AUTO_ERROR struct error *err = NULL;
	int returned;

	(void)state;
	(void)signal(SIGCHLD, SIG_IGN);
	returned = spawn_run(&options, &result, &err);
	(void)signal(SIGCHLD, SIG_DFL);
	assert_int_equal(returned, -1);
	assert_int_equal(result.exit_status, -1);
}

#define TEST(name) cmocka_unit_test_setup(name, set_alarm)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(exit_status_is_what_a_shell_says),
		TEST(a_program_that_cannot_start_is_126_or_127),
		TEST(arguments_reach_the_program_without_a_shell),
		TEST(input_and_output_larger_than_any_pipe_do_not_deadlock),
		TEST(output_and_messages_are_kept_apart),
		TEST(output_nobody_asked_for_goes_to_our_stderr),
		TEST(our_stdin_is_inherited_only_when_asked),
		TEST(empty_input_ends_at_once),
		TEST(a_program_that_does_not_read_its_input_kills_nobody),
		TEST(signals_we_ignore_or_block_are_normal_in_the_program),
		TEST(runs_in_the_directory_given),
		TEST(a_missing_directory_is_no_missing_program),
		TEST(environment_is_ours_or_the_one_given),
		TEST(no_other_descriptor_is_inherited),
		TEST(no_descriptor_of_ours_is_left_open),
		TEST(the_deadline_kills_the_program_and_its_children),
		TEST(killed_ourselves_we_leave_nobody_who_answers_us),
		TEST(the_deadline_counts_after_the_streams_are_closed_too),
		TEST(a_program_that_reads_nothing_meets_the_deadline),
		TEST(who_ends_in_time_is_not_timed_out),
		TEST(output_past_its_limit_ends_the_program),
		TEST(output_at_its_limit_is_fine),
		TEST(an_end_that_nobody_saw_is_no_success),
	};

	return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
