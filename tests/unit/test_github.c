/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "cli/output/github.h"
#include "cli/output/progress.h"

struct fixture {
	char path[32];
};

static int
set_up(void **state)
{
	static struct fixture fixture;
	int fd;

	memcpy(fixture.path, "/tmp/test_github.XXXXXX", 24);
	fd = mkstemp(fixture.path);
	if (fd < 0)
		return -1;
	close(fd);
	setenv("GITHUB_ACTIONS", "true", 1);
	setenv("GITHUB_OUTPUT", fixture.path, 1);
	setenv("GITHUB_STEP_SUMMARY", fixture.path, 1);
	*state = &fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	return unlink(fixture->path);
}

static char *
content(const struct fixture *fixture)
{
	AUTO_BUF struct buf buf = BUF_INIT(MIB);
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(file_read(AT_FDCWD, fixture->path, &buf, &err), 0);
	assert_int_equal(buf_append_text(&buf, "", &err), 0);
	return buf_take(&buf);
}

static void
an_output_is_a_heredoc_with_a_fresh_delimiter(void **state)
{
	enum { HEX = 32, ONE = 5 + 6 + HEX + 1 + 4 + 1 + 6 + HEX + 1 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *text = NULL;

	assert_int_equal(github_set_output("tag", "v1.2", &err), 0);
	assert_int_equal(github_set_output("tag", "v1.2", &err), 0);
	text = content(*state);
	assert_int_equal(strlen(text), 2 * ONE);
	assert_memory_equal(text, "tag<<ocifp-", 11);
	assert_memory_equal(text + 11 + HEX, "\nv1.2\nocifp-", 12);
	assert_memory_equal(text + 11 + HEX + 12, text + 11, HEX);
	assert_memory_not_equal(text + 11, text + ONE + 11, HEX);
}

static void
a_value_of_another_form_is_not_written(void **state)
{
	static const struct {
		const char *name;
		const char *value;
	} cases[] = {
		{ "tag", "v1\nevil<<x\nvalue\nx" },
		{ "tag", "" },
		{ "tag", "a b" },
		{ "digest", "sha256:abc" },
		{ "fingerprint", "0123456789ab" },
		{ "present", "yes" },
		{ "image", "ghcr.io/o/n\r" },
		{ "image", "`x`" },
		{ "PATH", "x" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(github_set_output(cases[i].name, cases[i].value, &err), -1);
		assert_true(error_is(err, ERROR_FAILURE));
	}
	{
		AUTO_FREE char *text = content(*state);

		assert_true(!text || !*text);
	}
}

static void
outside_actions_nothing_is_written(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *text = NULL;

	unsetenv("GITHUB_ACTIONS");
	assert_int_equal(github_set_output("tag", "v1", &err), 0);
	text = content(*state);
	assert_true(!text || !*text);
}

static void
the_summary_is_a_table(void **state)
{
	const struct progress_counts counts = { .moved_bytes = 1500000, .retries = 2 };
	const struct github_summary summary = {
		.image = "ghcr.io/o/n",
		.tag = "abc",
		.counts = &counts,
		.elapsed_ms = 4567,
	};
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *text = NULL;

	assert_int_equal(github_add_summary(&summary, &err), 0);
	text = content(*state);
	assert_non_null(strstr(text, "| `ghcr.io/o/n` | `abc` | `-` | 1.5 MB |"));
	assert_non_null(strstr(text, "| 4.5 | 2 |\n"));
}

static void
command_data_is_escaped(void **state)
{
	AUTO_FREE char *escaped = github_escape("50%\r\n::set-output x%0A");
	AUTO_FREE char *empty = github_escape("");

	(void)state;
	assert_string_equal(escaped, "50%25%0D%0A::set-output x%250A");
	assert_string_equal(empty, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_output_is_a_heredoc_with_a_fresh_delimiter,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_value_of_another_form_is_not_written, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(outside_actions_nothing_is_written, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_summary_is_a_table, set_up, tear_down),
		cmocka_unit_test(command_data_is_escaped),
	};

	return cmocka_run_group_tests_name("github", tests, NULL, NULL);
}
