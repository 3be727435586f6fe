#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "project/lock_file.h"
#include "tree_room.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void
put(const char *text)
{
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(file_replace(AT_FDCWD, ".ocifp.lock", 0644, text, strlen(text), &err), 0);
}

static void
file_that_is_not_there_has_no_entries(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_LOCK_FILE struct lock_file *lock = lock_file_read(".", &err);
	struct digest digest;
	bool found = true;

	(void)state;
	assert_non_null(lock);
	assert_int_equal(lock_file_pin(lock, "a.b/c", &digest, &found, &err), 0);
	assert_false(found);
	found = true;
	assert_int_equal(lock_file_image(lock, "a", HEX_A, &digest, &found, &err), 0);
	assert_false(found);
}

static void
entries_are_found_by_reference_and_by_fingerprint(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_LOCK_FILE struct lock_file *lock = NULL;
	struct digest digest;
	bool found = false;

	(void)state;
	put("{\"version\": 1,\n\"pins\": {\"a.b/c:1\": \"sha256:" HEX_A "\"},\n"
	    "\"images\": {\"ci\": {\"fingerprint\": \"" HEX_A "\", \"digest\": \"sha256:" HEX_B
	    "\", \"platforms\": {\"linux/amd64\": \"sha256:" HEX_A "\"}}}}\n");
	lock = lock_file_read(".", &err);
	assert_non_null(lock);
	assert_int_equal(lock_file_pin(lock, "a.b/c:1", &digest, &found, &err), 0);
	assert_true(found);
	assert_string_equal(digest_hex(&digest).text, HEX_A);
	assert_int_equal(lock_file_image(lock, "ci", HEX_A, &digest, &found, &err), 0);
	assert_true(found);
	assert_string_equal(digest_hex(&digest).text, HEX_B);
	assert_int_equal(lock_file_image(lock, "ci", HEX_B, &digest, &found, &err), 0);
	assert_false(found);
}

static void
broken_file_is_a_mistake_of_configuration(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{ "", "" },
		{ "[]", "" },
		{ "{\"version\": 1", "" },
		{ "{}", "version" },
		{ "{\"version\": 2}", "version is not known" },
		{ "{\"version\": 1, \"pins\": []}", "pins" },
		{ "{\"version\": 1, \"pins\": {\"a.b/c\": 1}}", "pins" },
		{ "{\"version\": 1, \"pins\": {\"a.b/c\": \"sha256:1\"}}", "a.b/c" },
		{ "{\"version\": 1, \"images\": {\"a\": 1}}", "'a' is no object" },
		{ "{\"version\": 1, \"images\": {\"a\": {}}}", "fingerprint" },
		{ "{\"version\": 1, \"images\": {\"a\": {\"fingerprint\": \"1\", "
		  "\"digest\": \"sha256:" HEX_A "\"}}}",
		  "64 hex" },
		{ "{\"version\": 1, \"images\": {\"a\": {\"fingerprint\": \"" HEX_A "\", "
		  "\"digest\": \"md5:1\"}}}",
		  "digest" },
		{ "{\"version\": 1, \"images\": {\"a\": {\"fingerprint\": \"" HEX_A "\", "
		  "\"digest\": \"sha256:" HEX_A "\", \"platforms\": {\"x\": \"y\"}}}}",
		  "'x'" },
		{ "{\"version\": 1, \"version\": 1}", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_ERROR struct error *err = NULL;

		put(cases[i].text);
		if (lock_file_read(".", &err))
			fail_msg("taken: %s", cases[i].text);
		assert_int_equal(error_kind(err), ERROR_USAGE);
		assert_non_null(strstr(error_text(err), ".ocifp.lock"));
		if (!strstr(error_text(err), cases[i].expected))
			fail_msg("not '%s': %s", cases[i].expected, error_text(err));
	}
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(file_that_is_not_there_has_no_entries),
		IN_TREE(entries_are_found_by_reference_and_by_fingerprint),
		IN_TREE(broken_file_is_a_mistake_of_configuration),
	};

	return cmocka_run_group_tests_name("lock_file", tests, NULL, NULL);
}
