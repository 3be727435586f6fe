/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/observer.h"
#include "base/strings.h"
#include "cli/output/progress.h"

struct shown {
	int ends[2];
	struct progress *progress;
	struct observer *observer;
	char text[64 * 1024];
};

static void
start(struct shown *shown, const struct progress_options *options)
{
	struct progress_options with_pipe = *options;

	assert_int_equal(pipe(shown->ends), 0);
	with_pipe.fd = shown->ends[1];
	shown->progress = progress_new(&with_pipe);
	shown->observer = progress_observer(shown->progress);
}

static void
finish(struct shown *shown)
{
	size_t used = 0;
	ssize_t size;

	progress_yield(shown->progress);
	progress_free(shown->progress);
	/* A terminal hands on what was written when it gets to it: only the end says that all came.
	 */
	close(shown->ends[1]);
	do {
		size = read(shown->ends[0], shown->text + used, sizeof(shown->text) - 1 - used);
		used += size > 0 ? (size_t)size : 0;
	} while (size > 0);
	shown->text[used] = '\0';
	close(shown->ends[0]);
}

static void
events_are_counted(void **state)
{
	struct shown shown;
	const struct progress_counts *counts;

	(void)state;
	start(&shown, &(struct progress_options){ .mode = "none" });
	observer_count(shown.observer, EVENT_PACKED, 150);
	observer_blob(shown.observer, EVENT_PLANNED, "sha256:a", 100);
	observer_count(shown.observer, EVENT_MOVED, 60);
	observer_count(shown.observer, EVENT_MOVED, 40);
	observer_blob(shown.observer, EVENT_FINISHED, "sha256:a", 0);
	observer_blob(shown.observer, EVENT_REUSED, "sha256:b", 7);
	observer_tell(shown.observer, EVENT_REQUEST, "GET https://h/");
	observer_tell(shown.observer, EVENT_RETRY, "503, after 1 s");
	counts = progress_counts(shown.progress);
	assert_int_equal(counts->packed_bytes, 150);
	assert_int_equal(counts->planned_bytes, 100);
	assert_int_equal(counts->moved_bytes, 100);
	assert_int_equal(counts->finished_blobs, 1);
	assert_int_equal(counts->reused_bytes, 7);
	assert_int_equal(counts->requests, 1);
	assert_int_equal(counts->retries, 1);
	finish(&shown);
}

static void
without_a_terminal_nothing_is_rewritten(void **state)
{
	static const char *const modes[] = { NULL, "auto", "tty", "plain" };

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct shown shown;

		start(&shown, &(struct progress_options){ .mode = modes[i] });
		for (unsigned count = 0; count < 10000; count++)
			observer_count(shown.observer, EVENT_MOVED, 1);
		observer_tell(shown.observer, EVENT_NOTICE, "a\rb");
		finish(&shown);
		assert_string_equal(shown.text, "ocifp: a\\x0db\n");
	}
}

static void
quiet_and_verbose_choose_what_is_said(void **state)
{
	static const struct {
		bool quiet, verbose;
		const char *text;
	} cases[] = {
		{ false, false, "ocifp: notice\n" },
		{ false, true, "ocifp: notice\nocifp: GET\nocifp: decision\n" },
		{ true, false, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct shown shown;

		start(&shown, &(struct progress_options){ .quiet = cases[i].quiet,
							  .verbose = cases[i].verbose });
		observer_tell(shown.observer, EVENT_NOTICE, "notice");
		observer_tell(shown.observer, EVENT_NOTICE, "notice");
		observer_tell(shown.observer, EVENT_REQUEST, "GET");
		observer_tell(shown.observer, EVENT_TRACE, "decision");
		finish(&shown);
		assert_string_equal(shown.text, cases[i].text);
	}
}

static void
ten_thousand_notices_are_cut_short(void **state)
{
	struct shown shown;

	(void)state;
	start(&shown, &(struct progress_options){ 0 });
	for (unsigned i = 0; i < 10000; i++)
		observer_tell(shown.observer, EVENT_NOTICE, "notice %u", i);
	finish(&shown);
	assert_true(strlen(shown.text) < 4096);
	assert_non_null(strstr(shown.text, "\nocifp: further notices are not shown\n"));
}

static void
json_mode_speaks_json_alone(void **state)
{
	struct shown shown;

	(void)state;
	start(&shown, &(struct progress_options){ .mode = "json" });
	observer_tell(shown.observer, EVENT_NOTICE, "a \"b\"");
	finish(&shown);
	assert_string_equal(shown.text, "{\"event\":\"notice\",\"text\":\"a \\\"b\\\"\"}\n");
}

static void
a_stalled_reader_of_stderr_does_not_stop_the_work(void **state)
{
	struct shown shown;
	char page[4096] = "";
	int64_t start_ms = deadline_now_ms();

	(void)state;
	start(&shown, &(struct progress_options){ .verbose = true });
	assert_int_equal(fcntl(shown.ends[1], F_SETFL, O_NONBLOCK), 0);
	while (write(shown.ends[1], page, sizeof(page)) > 0)
		;
	assert_int_equal(fcntl(shown.ends[1], F_SETFL, 0), 0);
	for (unsigned i = 0; i < 1000; i++)
		observer_tell(shown.observer, i % 2 ? EVENT_RETRY : EVENT_TRACE, "503");
	assert_true(deadline_now_ms() - start_ms < 5000);
	finish(&shown);
}

/* What one terminal of so many columns is sent for a status and the end. */
static void
show_on_terminal(struct shown *shown, unsigned short columns, const char *notice)
{
	struct winsize size = { .ws_row = 24, .ws_col = columns };

	shown->ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(shown->ends[0] >= 0);
	assert_int_equal(grantpt(shown->ends[0]), 0);
	assert_int_equal(unlockpt(shown->ends[0]), 0);
	shown->ends[1] = open(ptsname(shown->ends[0]), O_RDWR | O_NOCTTY);
	assert_true(shown->ends[1] >= 0);
	assert_int_equal(ioctl(shown->ends[1], TIOCSWINSZ, &size), 0);
	shown->progress = progress_new(&(struct progress_options){ .fd = shown->ends[1] });
	shown->observer = progress_observer(shown->progress);
	(void)poll(NULL, 0, 120);
	observer_hear(shown->observer, &(struct event){ .kind = EVENT_PLANNED,
							.text = "sha256:0a1b2c3d4e5f6a7b",
							.bytes = 2000 });
	observer_hear(shown->observer, &(struct event){ .kind = EVENT_MOVED,
							.text = "sha256:0a1b2c3d4e5f6a7b",
							.bytes = 1000,
							.at_bytes = 1000 });
	if (notice)
		observer_tell(shown->observer, EVENT_NOTICE, "%s", notice);
	finish(shown);
}

static size_t
longest_line(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t size = strcspn(text, "\r\n");

		longest = size > longest ? size : longest;
		text += size + strspn(text + size, "\r\n");
	}
	return longest;
}

static void
the_block_fits_the_terminal_and_stays(void **state)
{
	static const unsigned short columns[] = { 0, 1, 20, 80, 10000 };

	(void)state;
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "1", 1);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		struct shown shown;
		size_t most = columns[i] ? columns[i] : 80;

		show_on_terminal(&shown, columns[i], NULL);
		assert_true(longest_line(shown.text) < most + strlen("\033[2A\033[K"));
		/* The cursor ends on a line of its own. */
		assert_string_equal(shown.text + strlen(shown.text) - 2, "\r\n");
		if (most >= 80)
			assert_non_null(strstr(shown.text, "downloaded 0 of 1 blob, 1.0 kB of "
							   "2.0 kB"));
	}
}

static void
a_notice_takes_the_block_away_and_stands_above_it(void **state)
{
	struct shown shown;
	const char *notice;

	(void)state;
	setenv("TERM", "xterm", 1);
	show_on_terminal(&shown, 80, "a word");
	notice = strstr(shown.text, "\033[2A\r\033[Jocifp: a word\r\n");
	assert_non_null(notice);
	assert_non_null(strstr(notice, "0a1b2c3d4e5f"));
}

static void
a_dumb_terminal_is_not_written_over(void **state)
{
	struct shown shown;

	(void)state;
	setenv("TERM", "dumb", 1);
	show_on_terminal(&shown, 80, NULL);
	assert_null(strchr(shown.text, '\033'));
	assert_memory_equal(shown.text, "ocifp: downloaded 0 of 1 blob", 29);
}

static void
json_ends_with_an_end(void **state)
{
	struct shown shown;

	(void)state;
	start(&shown, &(struct progress_options){ .mode = "json" });
	observer_tell(shown.observer, EVENT_NOTICE, "a");
	progress_end(shown.progress, 3);
	finish(&shown);
	assert_non_null(strstr(shown.text, "{\"event\":\"notice\",\"text\":\"a\"}\n"
					   "{\"event\":\"end\",\"phase\":null,"));
	assert_string_equal(shown.text + strlen(shown.text) - 12, "\"status\":3}\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_counted),
		cmocka_unit_test(without_a_terminal_nothing_is_rewritten),
		cmocka_unit_test(quiet_and_verbose_choose_what_is_said),
		cmocka_unit_test(ten_thousand_notices_are_cut_short),
		cmocka_unit_test(json_mode_speaks_json_alone),
		cmocka_unit_test(a_stalled_reader_of_stderr_does_not_stop_the_work),
		cmocka_unit_test(json_ends_with_an_end),
		cmocka_unit_test(the_block_fits_the_terminal_and_stays),
		cmocka_unit_test(a_notice_takes_the_block_away_and_stands_above_it),
		cmocka_unit_test(a_dumb_terminal_is_not_written_over),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
