/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/config.h"
#include "run/job.h"
#include "tree_room.h"

static void
add(struct strings *strings, const char *const *words)
{
	for (; *words; words++)
		strings_add(strings, *words);
}

static char *
joined(const struct strings *strings)
{
	char *text = xstrdup("");

	for (size_t i = 0; i < strings->count; i++) {
		char *longer = xasprintf("%s%s|", text, strings->items[i]);

		free(text);
		text = longer;
	}
	return text;
}

static void
a_new_entry_point_makes_the_images_command_void(void **state)
{
	static const struct {
		const char *entrypoint;
		const char *command;
		const char *args; /* NULL: nothing to run */
	} rows[] = {
		{ NULL, NULL, "/entry|one|two|" },
		{ NULL, "mine", "/entry|mine|" },
		{ "/other", NULL, "/other|" },
		{ "/other", "mine", "/other|mine|" },
		{ "[\"/a b\", \"-c\"]", "mine", "/a b|-c|mine|" },
		{ "", "mine", "mine|" },
		{ "", NULL, NULL },
		{ "", "", NULL },
		{ "[1]", NULL, NULL },
		{ "[", NULL, NULL },
	};
	AUTO_CONFIG struct image_config config = { 0 };

	(void)state;
	add(&config.entrypoint, (const char *const[]){ "/entry", NULL });
	add(&config.command, (const char *const[]){ "one", "two", NULL });
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO_JOB struct job job = { 0 };
		AUTO_ERROR struct error *err = NULL;
		AUTO_STRINGS struct strings command = { 0 };
		struct job_options options = { .entrypoint = rows[i].entrypoint,
					       .command = &command };
		AUTO_FREE char *args = NULL;

		if (rows[i].command)
			strings_add(&command, rows[i].command);
		assert_int_equal(job_make(&config, &options, &job, &err), rows[i].args ? 0 : -1);
		args = joined(&job.args);
		assert_string_equal(args, rows[i].args ? rows[i].args : "");
	}
}

static void
the_last_one_to_set_a_variable_counts(void **state)
{
	AUTO_CONFIG struct image_config config = { 0 };
	AUTO_STRINGS struct strings said = { 0 };
	AUTO_STRINGS struct strings files = { 0 };
	AUTO_STRINGS struct strings env = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct job_options options = { .env = &said, .env_files = &files };

	(void)state;
	shell("printf '# no\\n\\n  FILE=file\\nBOTH=file\\nOURS\\n' >env");
	assert_int_equal(setenv("OURS", "ours", 1), 0);
	unsetenv("NOT_OURS");
	add(&config.environment,
	    (const char *const[]){ "BOTH=image", "IMAGE=1=2", "junk", "=x", NULL });
	strings_add(&files, "env");
	add(&said, (const char *const[]){ "EMPTY=", "NOT_OURS", "TWICE=1", "TWICE=2", NULL });
	assert_int_equal(job_make_env(&config, &options, &env, &err), 0);
	assert_string_equal(env_find(&env, "BOTH"), "file");
	assert_string_equal(env_find(&env, "IMAGE"), "1=2");
	assert_string_equal(env_find(&env, "FILE"), "file");
	assert_string_equal(env_find(&env, "OURS"), "ours");
	assert_string_equal(env_find(&env, "TWICE"), "2");
	assert_string_equal(env_find(&env, "EMPTY"), "");
	assert_null(env_find(&env, "NOT_OURS"));
	assert_null(env_find(&env, "junk"));
	assert_null(env_find(&env, "TERM"));
	assert_non_null(env_find(&env, "PATH"));
}

static void
a_variable_without_a_name_is_refused(void **state)
{
	AUTO_CONFIG struct image_config config = { 0 };
	AUTO_STRINGS struct strings said = { 0 };
	AUTO_STRINGS struct strings env = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct job_options options = { .env = &said };

	(void)state;
	strings_add(&said, "=x");
	assert_int_equal(job_make_env(&config, &options, &env, &err), -1);
	assert_true(error_is(err, ERROR_USAGE));
}

static int
find(const char *text, struct job_user *user)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int root_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	*user = (struct job_user){ 0 };
	result = job_find_user(root_fd, text, user, &err);
	if (result < 0)
		assert_true(error_is(err, ERROR_CONTENT) || error_is(err, ERROR_LOCAL));
	return result;
}

static void
user_release(struct job_user *user)
{
	free(user->groups);
	free(user->home);
	free(user->shell);
}

static void
users_are_looked_up_in_the_image(void **state)
{
	static const struct {
		const char *text;
		uid_t uid;
		gid_t gid;
		size_t group_count;
		const char *home; /* NULL: none known */
	} rows[] = {
		{ "", 0, 0, 0, "/root" },
		{ "root", 0, 0, 0, "/root" },
		{ "0", 0, 0, 0, "/root" },
		{ "user", 1000, 1001, 2, "/home/user" },
		{ "1000", 1000, 1001, 2, "/home/user" },
		{ "user:staff", 1000, 50, 0, "/home/user" },
		{ "user:7", 1000, 7, 0, "/home/user" },
		{ "user:", 1000, 1001, 2, "/home/user" },
		{ ":staff", 0, 50, 0, "/root" },
		{ "4294967293", 4294967293, 0, 0, NULL },
		{ "31", 31, 0, 0, NULL },
	};

	(void)state;
	shell("mkdir etc; printf "
	      "'broken\\nroot:x:0:0::/root:/bin/sh\\nuser:x:1000:1001::/home/user:\\n"
	      "bad:x:-1:0::/:\\nbad2:x:4294967295:0::/:\\n' >etc/passwd;"
	      "printf "
	      "'root:x:0:\\nstaff:x:50:user,other\\nlast:x:60:other,user\\nlonger:x:70:user2\\n'"
	      " >etc/group");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(user_release) struct job_user user = { 0 };

		assert_int_equal(find(rows[i].text, &user), 0);
		assert_int_equal(user.uid, rows[i].uid);
		assert_int_equal(user.gid, rows[i].gid);
		assert_int_equal(user.group_count, rows[i].group_count);
		assert_int_equal(user.home != NULL, rows[i].home != NULL);
		if (rows[i].home)
			assert_string_equal(user.home, rows[i].home);
	}
}

static void
what_is_no_user_is_refused(void **state)
{
	static const char *const rows[] = { "nobody",  "bad",    "bad2",       "4294967294",
					    "-1",      "0x0",    "4294967296", " 0",
					    "0 ",      "00x",    "root:none",  "root:4294967295",
					    "root:-1", "ro root" };

	(void)state;
	shell("mkdir etc; printf 'root:x:0:0::/root:\\nbad:x:-1:0::/:\\nbad2:x:4294967295:0::/:\\n'"
	      " >etc/passwd; echo root:x:0: >etc/group");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(user_release) struct job_user user = { 0 };

		assert_int_equal(find(rows[i], &user), -1);
	}
}

static void
assert_table_size(size_t size, int result)
{
	CLEANUP(user_release) struct job_user user = { 0 };
	AUTO_FREE char *script =
		xasprintf("rm -rf etc; mkdir etc; head -c %zu /dev/zero | tr '\\0' '\\n' >"
			  "etc/passwd; echo user:x:5:5::/: >>etc/passwd",
			  size - strlen("user:x:5:5::/:\n"));

	shell(script);
	assert_int_equal(find("user", &user), result);
}

static void
a_table_may_be_as_large_as_the_limit(void **state)
{
	(void)state;
	assert_table_size(USER_TABLE_LIMIT_BYTES, 0);
	assert_table_size(USER_TABLE_LIMIT_BYTES + 1, -1);
}

static void
a_table_that_is_no_file_is_not_read(void **state)
{
	CLEANUP(user_release) struct job_user user = { 0 };

	(void)state;
	shell("mkdir etc; mkfifo etc/passwd");
	assert_int_equal(find("user", &user), -1);
	assert_int_equal(find("7", &user), 0);
	assert_int_equal(user.uid, 7);
	shell("rm etc/passwd; ln -s /etc/passwd etc/passwd");
	assert_int_equal(find("root", &user), -1);
}

/* The user is a member of so many groups, besides the own one. */
static size_t
group_count_of(int count)
{
	CLEANUP(user_release) struct job_user user = { 0 };
	AUTO_FREE char *script = xasprintf("rm -rf etc; mkdir etc; echo user:x:5:5::/: >etc/passwd;"
					   "seq 1000 %d | sed 's/.*/g&:x:&:user/' >etc/group",
					   999 + count);

	shell(script);
	assert_int_equal(find("user", &user), 0);
	return user.group_count;
}

static void
of_more_groups_than_the_limit_the_first_count(void **state)
{
	(void)state;
	assert_int_equal(group_count_of(GROUPS_LIMIT_COUNT), GROUPS_LIMIT_COUNT);
	assert_int_equal(group_count_of(GROUPS_LIMIT_COUNT + 1), GROUPS_LIMIT_COUNT);
}

static int
make_env(const char *content, struct strings *env, struct error **err)
{
	AUTO_FREE char *script = xasprintf("printf '%s' >env", content);
	AUTO_CONFIG struct image_config config = { 0 };
	AUTO_STRINGS struct strings none = { 0 };
	AUTO_STRINGS struct strings files = { 0 };
	struct job_options options = { .env = &none, .env_files = &files };

	shell(script);
	strings_add(&files, "env");
	return job_make_env(&config, &options, env, err);
}

static void
a_file_of_variables_may_come_from_windows(void **state)
{
	AUTO_STRINGS struct strings env = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(
		make_env("\\357\\273\\277A=1\\r\\n\\r\\n# c\\r\\n B=2 \\r\\nC=\\r\\nD=x\\ry", &env,
			 &err),
		0);
	assert_string_equal(env_find(&env, "A"), "1");
	assert_string_equal(env_find(&env, "B"), "2 ");
	assert_string_equal(env_find(&env, "C"), "");
	assert_string_equal(env_find(&env, "D"), "x\ry");
}

static void
a_file_of_variables_holds_no_shell(void **state)
{
	static const char *const lines[] = { "export F=1", "A B=1", "A =1", "A\tB", "=1" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		AUTO_FREE char *content = xasprintf("OK=1\n%s\n", lines[i]);
		AUTO_STRINGS struct strings env = { 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(make_env(content, &env, &err), -1);
		assert_true(error_is(err, ERROR_USAGE));
		assert_non_null(strstr(error_text(err), "line 2: "));
	}
}

static int
make_env_of(size_t size)
{
	static const char variable[] = "NAME=value\n";
	AUTO_FREE char *script = xasprintf(
		"{ printf 'NAME=value\\n'; head -c %zu /dev/zero | tr '\\0' '\\n'; } >env",
		size - strlen(variable));
	AUTO_CONFIG struct image_config config = { 0 };
	AUTO_STRINGS struct strings none = { 0 };
	AUTO_STRINGS struct strings files = { 0 };
	AUTO_STRINGS struct strings env = { 0 };
	AUTO_ERROR struct error *failure = NULL;
	struct job_options options = { .env = &none, .env_files = &files };
	int ret;

	shell(script);
	strings_add(&files, "env");
	ret = job_make_env(&config, &options, &env, &failure);
	if (ret == 0)
		assert_string_equal(env_find(&env, "NAME"), "value");
	return ret;
}

static void
a_file_of_variables_may_be_as_large_as_the_limit(void **state)
{
	(void)state;
	assert_int_equal(make_env_of(ENV_FILE_LIMIT_BYTES), 0);
	assert_int_equal(make_env_of(ENV_FILE_LIMIT_BYTES + 1), -1);
}

int
main(void)
{
#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_entry_point_makes_the_images_command_void),
		IN_TREE(the_last_one_to_set_a_variable_counts),
		cmocka_unit_test(a_variable_without_a_name_is_refused),
		IN_TREE(users_are_looked_up_in_the_image),
		IN_TREE(what_is_no_user_is_refused),
		IN_TREE(a_table_may_be_as_large_as_the_limit),
		IN_TREE(a_table_that_is_no_file_is_not_read),
		IN_TREE(of_more_groups_than_the_limit_the_first_count),
		IN_TREE(a_file_of_variables_may_come_from_windows),
		IN_TREE(a_file_of_variables_holds_no_shell),
		IN_TREE(a_file_of_variables_may_be_as_large_as_the_limit),
	};

	return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
