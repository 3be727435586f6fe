/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "project/settings.h"
#include "tree_room.h"

static int
enter(void **state)
{
	char *here;

	if (enter_tree(state) < 0)
		return -1;
	here = getcwd(NULL, 0);
	setenv("XDG_CONFIG_HOME", here, 1);
	setenv("HOME", "/home/me", 1);
	free(here);
	shell("mkdir ocifp");
	return 0;
}

static void
each_value_knows_where_it_stands(void **state)
{
	AUTO_SETTINGS struct settings settings = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	shell("cat >ocifp/config.yaml <<'END'\n"
	      "tls_ca: ~/ca.pem\n"
	      "plain_http: [a.example,\n"
	      "  \"b.example:5000\"]\n"
	      "mirrors: {GHCR.io: [\"https://m.example/x\", {url: \"http://n.example\", resolve: "
	      "true}]}\n"
	      "direct_bearer: false\n"
	      "x-mine: anything\n"
	      "END");
	assert_int_equal(settings_read(&settings, &err), 0);
	assert_string_equal(settings_find(&settings, "tls_ca")->value, "/home/me/ca.pem");
	assert_true(text_ends(settings_find(&settings, "tls_ca")->where, "/ocifp/config.yaml:1"));
	assert_string_equal(settings.items[2].value, "b.example:5000");
	assert_true(text_ends(settings.items[2].where, ":3"));
	assert_string_equal(settings.items[3].host, "ghcr.io");
	assert_false(settings.items[3].resolves);
	assert_string_equal(settings.items[4].value, "http://n.example");
	assert_true(settings.items[4].resolves);
	assert_false(settings_is(&settings, "direct_bearer", true));
	assert_true(settings_is(&settings, "project_mirrors", true));
	assert_null(settings_find(&settings, "store"));
	assert_null(settings.unused);
}

static void
mistakes_are_told_with_their_place(void **state)
{
	static const struct {
		const char *script;
		const char *text;
	} rows[] = {
		{ "echo 'store: here' >ocifp/config.yaml",
		  "1:8: invalid 'store': expected an absolute path, or one in '~/'" },
		{ "echo 'plain_http: [\"a b\"]' >ocifp/config.yaml", "1:14: invalid host 'a b'" },
		{ "echo 'isolation: none' >ocifp/config.yaml",
		  "1:12: invalid isolation 'none': expected full or chroot" },
		{ "echo 'mirrors: {ghcr.io: [\"ftp://x\"]}' >ocifp/config.yaml",
		  "1:21: 'ftp://x' is not a valid mirror URL" },
		{ "echo 'mirrors: {ghcr.io: [{resolve: true}]}' >ocifp/config.yaml",
		  "1:21: a mirror has no 'url'" },
		{ "echo 'project_mirrors: maybe' >ocifp/config.yaml",
		  "1:18: 'project_mirrors' expects true or false, not 'maybe'" },
		{ "echo 'nonsense: 1' >ocifp/config.yaml",
		  "1:1: unknown key 'nonsense' in the settings" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO_SETTINGS struct settings settings = { 0 };
		AUTO_ERROR struct error *err = NULL;

		shell(rows[i].script);
		assert_int_equal(settings_read(&settings, &err), -1);
		assert_true(error_is(err, ERROR_USAGE));
		assert_non_null(strstr(error_text(err), rows[i].text));
	}
}

static void
what_others_may_write_to_is_not_used(void **state)
{
	static const char *const scripts[] = {
		"rm -rf ocifp/config.yaml; echo 'store: /x' >ocifp/config.yaml; chmod 666 "
		"ocifp/config.yaml",
		"chmod 664 ocifp/config.yaml",
		"rm ocifp/config.yaml; mkdir ocifp/config.yaml",
		"rmdir ocifp/config.yaml; mkfifo ocifp/config.yaml",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		AUTO_SETTINGS struct settings settings = { 0 };
		AUTO_ERROR struct error *err = NULL;

		shell(scripts[i]);
		assert_int_equal(settings_read(&settings, &err), 0);
		assert_int_equal(settings.count, 0);
		assert_non_null(strstr(settings.unused, "is not used: it must be a regular file"));
	}
}

static void
no_file_and_an_empty_one_say_nothing(void **state)
{
	AUTO_SETTINGS struct settings settings = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(settings_read(&settings, &err), 0);
	shell(": >ocifp/config.yaml");
	assert_int_equal(settings_read(&settings, &err), 0);
	assert_int_equal(settings.count, 0);
	assert_null(settings.unused);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_value_knows_where_it_stands, enter,
						leave_tree),
		cmocka_unit_test_setup_teardown(mistakes_are_told_with_their_place, enter,
						leave_tree),
		cmocka_unit_test_setup_teardown(what_others_may_write_to_is_not_used, enter,
						leave_tree),
		cmocka_unit_test_setup_teardown(no_file_and_an_empty_one_say_nothing, enter,
						leave_tree),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
