/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "run/engine/job_engine.h"
#include "run/root/root.h"
#include "tree_room.h"

static void
assert_told(const char *wanted)
{
	AUTO_CLOSE int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct root root = { .fd = fd };
	const struct engine_start start = { .program = "/bin/engine", .root = &root };
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(engine_fail(&start, "log", &err), -1);
	assert_string_equal(error_class(err), "engine");
	assert_string_equal(error_text(err), wanted);
}

static void
an_engine_is_quoted_with_its_last_line(void **state)
{
	(void)state;
	assert_told("/bin/engine could not start the job: no message");
	shell("printf 'first\\nlast\\n\\n' >log");
	assert_told("/bin/engine could not start the job: last");
}

static void
of_a_log_that_is_too_long_the_end_counts(void **state)
{
	(void)state;
	for (size_t past = 0; past < 2; past++) {
		AUTO_FREE char *script = xasprintf(
			"head -c %zu /dev/zero | tr '\\0' x >log; printf '\\nwhy\\n' >>log",
			ENGINE_LOG_LIMIT_BYTES + past - strlen("\nwhy\n"));

		shell(script);
		assert_told("/bin/engine could not start the job: why");
	}
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(an_engine_is_quoted_with_its_last_line),
		IN_TREE(of_a_log_that_is_too_long_the_end_counts),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
