/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "run/job.h"
#include "tree_room.h"

#define NOBODY ((uid_t)4711)
#define WELL ERROR_KIND_COUNT /* no error */

/* The room is the root. */
static enum error_kind
kind_of(const char *program, const char *path, uid_t uid)
{
	AUTO_JOB struct job job = { .directory = xstrdup("/work"),
				    .user = { .uid = uid, .gid = uid } };
	AUTO_CLOSE int root_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_ERROR struct error *failure = NULL;

	strings_add(&job.args, program);
	if (path)
		env_set(&job.env, "PATH", path);
	return job_check_program(&job, root_fd, &failure) == 0 ? WELL : error_kind(failure);
}

static int
enter_programs(void **state)
{
	if (enter_tree(state) < 0)
		return -1;
	shell("mkdir bin other work bin/folder; cp /bin/true bin/good; cp bin/good work/here;"
	      "printf plain >bin/text; printf '#!/bin/good -x\\n' >bin/script;"
	      "printf '#!/none\\n' >bin/orphan; printf '#!\\n' >bin/empty;"
	      "printf '#!/bin/loop\\n' >bin/loop; printf '\\177ELF' >bin/cut;"
	      "cp bin/text other/good; cp bin/text other/here; cp bin/good bin/unfit; cp bin/good "
	      "bin/owners;"
	      "cp bin/good bin/others; chmod 755 bin/* work/* other/*; chmod 644 bin/unfit "
	      "other/here;"
	      "chmod 700 bin/owners; chmod 1 bin/others; ln -s /bin/good bin/link;"
	      "ln -s /etc/passwd bin/away; ln -s /bin/circle bin/circle");
	return 0;
}

static void
a_program_is_looked_at_before_it_is_started(void **state)
{
	static const struct {
		const char *program;
		enum error_kind kind;
	} rows[] = {
		{ "/bin/good", WELL },
		{ "/bin/link", WELL },
		{ "../bin/good", WELL },
		{ "./here", WELL },
		{ "/bin/script", WELL },
		{ "/../bin/good", WELL },
		{ "/bin/none", ERROR_NOT_FOUND },
		{ "/bin/orphan", ERROR_NOT_FOUND },
		{ "/bin/away", ERROR_NOT_FOUND },
		{ "/bin/circle", ERROR_NOT_FOUND },
		{ "/bin/good/more", ERROR_NOT_FOUND },
		{ "/bin/folder", ERROR_NOT_INVOKED },
		{ "/bin/text", ERROR_NOT_INVOKED },
		{ "/bin/empty", ERROR_NOT_INVOKED },
		{ "/bin/cut", ERROR_NOT_INVOKED },
		{ "/bin/unfit", ERROR_NOT_INVOKED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(kind_of(rows[i].program, NULL, 0), rows[i].kind);
}

/* The first that may be executed, whatever is in it; a relative folder is beneath the working one.
 */
static void
a_plain_name_is_sought_along_the_path(void **state)
{
	static const struct {
		const char *program;
		const char *path;
		enum error_kind kind;
	} rows[] = {
		{ "good", "/none:/bin", WELL },  { "good", "/other:/bin", ERROR_NOT_INVOKED },
		{ "here", "/other:.", WELL },    { "good", "/other", ERROR_NOT_INVOKED },
		{ "here", ".:/bin", WELL },      { "good", "../bin", WELL },
		{ "here", ":/bin", WELL },       { "here", "/bin", ERROR_NOT_FOUND },
		{ "good", "", ERROR_NOT_FOUND }, { "good", NULL, ERROR_NOT_FOUND },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(kind_of(rows[i].program, rows[i].path, 0), rows[i].kind);
}

static void
who_may_execute_is_the_jobs_user(void **state)
{
	(void)state;
	assert_int_equal(kind_of("/bin/owners", NULL, getuid()), WELL);
	assert_int_equal(kind_of("/bin/owners", NULL, NOBODY), ERROR_NOT_INVOKED);
	assert_int_equal(kind_of("/bin/others", NULL, NOBODY), WELL);
	assert_int_equal(kind_of("/bin/others", NULL, 0), WELL);
}

/* The kernel says so then. */
static void
scripts_of_scripts_come_to_an_end(void **state)
{
	(void)state;
	assert_int_equal(kind_of("/bin/loop", NULL, 0), WELL);
}

int
main(void)
{
#define WITH_PROGRAMS(test) cmocka_unit_test_setup_teardown(test, enter_programs, leave_tree)
	const struct CMUnitTest tests[] = {
		WITH_PROGRAMS(a_program_is_looked_at_before_it_is_started),
		WITH_PROGRAMS(a_plain_name_is_sought_along_the_path),
		WITH_PROGRAMS(who_may_execute_is_the_jobs_user),
		WITH_PROGRAMS(scripts_of_scripts_come_to_an_end),
	};

	return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
