/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/document.h"
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
		{ "{\"version\": 2}", "version is unknown" },
		{ "{\"version\": 1, \"pins\": []}", "pins" },
		{ "{\"version\": 1, \"pins\": {\"a.b/c\": 1}}", "pins" },
		{ "{\"version\": 1, \"pins\": {\"a.b/c\": \"sha256:1\"}}", "a.b/c" },
		{ "{\"version\": 1, \"images\": {\"a\": 1}}", "'a' is not an object" },
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

static void
put_and_read(struct lock_file *lock, bool expect_change, struct buf *text)
{
	AUTO_ERROR struct error *err = NULL;
	bool changed = !expect_change;

	assert_int_equal(lock_file_write(".", lock, &changed, &err), 0);
	assert_int_equal(changed, expect_change);
	buf_clear(text);
	assert_int_equal(file_read(AT_FDCWD, ".ocifp.lock", text, &err), 0);
}

static struct digest
digest_from(const char *text)
{
	AUTO_ERROR struct error *err = NULL;
	struct digest digest;

	assert_int_equal(digest_parse(text, &digest, &err), 0);
	return digest;
}

static void
what_is_written_is_sorted_has_an_entry_a_line_and_reads_back(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_LOCK_FILE struct lock_file *lock = lock_file_new();
	AUTO_LOCK_FILE struct lock_file *read = NULL;
	AUTO_BUF struct buf text = BUF_INIT(10000);
	AUTO_JSON json_t *platforms = json_pack("{s:s, s:s}", "linux/arm64", "sha256:" HEX_B,
						"linux/amd64", "sha256:" HEX_A);
	struct digest a = digest_from("sha256:" HEX_A);
	struct digest b = digest_from("sha256:" HEX_B);
	struct digest found_digest;
	bool found = false;

	(void)state;
	lock_file_set_pin(lock, "z.b/c:1", &a);
	lock_file_set_pin(lock, "a.b/c:2", &b);
	lock_file_set_image(lock, "ci", HEX_A, &b, platforms);
	put_and_read(lock, true, &text);
	assert_string_equal(text.data,
			    "{\n  \"images\": {\n    \"ci\": {\"digest\": \"sha256:" HEX_B
			    "\", \"fingerprint\": \"" HEX_A
			    "\", \"platforms\": {\"linux/amd64\": \"sha256:" HEX_A
			    "\", \"linux/arm64\": \"sha256:" HEX_B "\"}}\n  },\n  \"pins\": {\n"
			    "    \"a.b/c:2\": \"sha256:" HEX_B
			    "\",\n    \"z.b/c:1\": \"sha256:" HEX_A
			    "\"\n  },\n  \"version\": 1\n}\n");
	put_and_read(lock, false, &text);
	read = lock_file_read(".", &err);
	assert_non_null(read);
	assert_int_equal(lock_file_image(read, "ci", HEX_A, &found_digest, &found, &err), 0);
	assert_true(found && digest_equal(&found_digest, &b));
}

static void
entry_is_kept_only_with_its_fingerprint(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_LOCK_FILE struct lock_file *old = lock_file_new();
	AUTO_LOCK_FILE struct lock_file *lock = lock_file_new();
	AUTO_JSON json_t *platforms = json_object();
	struct digest digest = digest_from("sha256:" HEX_A);
	bool found = true;

	(void)state;
	lock_file_set_image(old, "ci", HEX_A, &digest, platforms);
	assert_false(lock_file_keep_image(lock, old, "ci", HEX_B));
	assert_int_equal(lock_file_image(lock, "ci", HEX_A, &digest, &found, &err), 0);
	assert_false(found);
	assert_true(lock_file_keep_image(lock, old, "ci", HEX_A));
	assert_int_equal(lock_file_image(lock, "ci", HEX_A, &digest, &found, &err), 0);
	assert_true(found);
}

/* An entry a line of about 90 bytes: what could not be read again is not written. */
static void
more_than_the_limit_is_not_written(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_LOCK_FILE struct lock_file *lock = lock_file_new();
	struct digest digest = digest_from("sha256:" HEX_A);
	bool changed;

	(void)state;
	for (size_t i = 0; i < LOCK_FILE_LIMIT_BYTES / 90; i++) {
		AUTO_FREE char *reference = xasprintf("a.b/c:%zu", i);

		lock_file_set_pin(lock, reference, &digest);
	}
	assert_int_equal(lock_file_write(".", lock, &changed, &err), -1);
	assert_string_equal(error_class(err), "limit");
	assert_int_not_equal(access(".ocifp.lock", F_OK), 0);
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(file_that_is_not_there_has_no_entries),
		IN_TREE(entries_are_found_by_reference_and_by_fingerprint),
		IN_TREE(broken_file_is_a_mistake_of_configuration),
		IN_TREE(what_is_written_is_sorted_has_an_entry_a_line_and_reads_back),
		IN_TREE(entry_is_kept_only_with_its_fingerprint),
		IN_TREE(more_than_the_limit_is_not_written),
	};

	return cmocka_run_group_tests_name("lock_file", tests, NULL, NULL);
}
