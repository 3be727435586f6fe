/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/xalloc.h"
#include "cli/output/json.h"
#include "cli/output/line.h"

static void
what_could_harm_a_terminal_is_escaped(void **state)
{
	static const struct {
		const char *text;
		const char *clean;
	} cases[] = {
		{ "plain", "plain" },
		{ "a\nb\r", "a\\x0ab\\x0d" },
		{ "\033[31m", "\\x1b[31m" },
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" },
		{ "\xff", "\\xff" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "##[error]", "#\\#[error]" },
		{ "###", "#\\#\\#" },
		{ "a\\x1b: already quoted", "a\\x1b: already quoted" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_FREE char *once = line_clean(cases[i].text);
		AUTO_FREE char *twice = line_clean(once);

		assert_string_equal(once, cases[i].clean);
		assert_string_equal(twice, once);
	}
}

static void
a_long_line_is_cut_to_what_a_pipe_takes(void **state)
{
	enum { LONG = 100000 };
	AUTO_FREE char *text = xcalloc(1, LONG + 1);
	AUTO_FREE char *clean = NULL;

	(void)state;
	memset(text, 0x1b, LONG);
	clean = line_clean(text);
	assert_true(strlen(clean) < LINE_LIMIT_BYTES);
	assert_string_equal(clean + strlen(clean) - 3, "...");
}

static void
a_reader_that_stalls_does_not_hold_us_up(void **state)
{
	AUTO_FREE char *line = xcalloc(1, LINE_LIMIT_BYTES);
	int64_t start_ms = deadline_now_ms();
	unsigned written = 0;
	int ends[2];

	(void)state;
	memset(line, 'x', LINE_LIMIT_BYTES - 1);
	assert_int_equal(pipe(ends), 0);
	while (line_write(ends[1], line, 0))
		written++;
	assert_true(written > 0);
	assert_false(line_write(ends[1], line, 50));
	assert_true(deadline_now_ms() - start_ms < 5000);
	close(ends[0]);
	close(ends[1]);
}

static void
json_is_ascii_and_holds_no_command(void **state)
{
	AUTO_FREE char *line =
		json_take_line(json_pack("{s:s}", "k", "##[error]\x7f\xc3\xbc\xe2\x80\xae\n"));

	(void)state;
	assert_string_equal(line, "{\"k\":\"#\\u0023[error]\\u007f\\u00FC\\u202E\\n\"}\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_could_harm_a_terminal_is_escaped),
		cmocka_unit_test(a_long_line_is_cut_to_what_a_pipe_takes),
		cmocka_unit_test(a_reader_that_stalls_does_not_hold_us_up),
		cmocka_unit_test(json_is_ascii_and_holds_no_command),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
