/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "layer/helper/merged.h"

static void
add(struct merged *merged, enum entry_type type, const char *path)
{
	AUTO_ERROR struct error *err = NULL;
	char text[64];
	const struct entry entry = { .type = type, .path = text, .mode = 0644 };

	(void)snprintf(text, sizeof(text), "%s", path);
	assert_int_equal(merged_add(merged, &entry, &err), 0);
}

static size_t
longest_slot(const struct merged *merged)
{
	size_t longest = 0;

	for (size_t i = 0; i < merged->capacity; i++) {
		size_t size = 0;

		for (const struct merged_name *at = merged->slots[i]; at; at = at->same_hash)
			size++;
		longest = size > longest ? size : longest;
	}
	return longest;
}

static void
a_name_that_comes_again_is_found_in_one_step(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_MERGED struct merged merged = { 0 };
	struct merged_file *file = NULL;

	(void)state;
	assert_int_equal(merged_init(&merged, &err), 0);
	for (int i = 0; i < 700; i++) {
		add(&merged, ENTRY_FILE, "a/x");
		add(&merged, i % 2 ? ENTRY_DIRECTORY : ENTRY_FIFO, "b");
	}
	assert_in_range(longest_slot(&merged), 1, 3);
	merged.layer = 1;
	add(&merged, ENTRY_FILE, "a/.wh.x");
	add(&merged, ENTRY_FILE, "a/.wh.x");
	assert_int_equal(merged_find(&merged, "a/x", &file, &err), 0);
	assert_null(file);
	assert_int_equal(merged_find(&merged, "b", &file, &err), 0);
	assert_int_equal(file->type, ENTRY_DIRECTORY);
	add(&merged, ENTRY_FILE, ".wh.a");
	add(&merged, ENTRY_FILE, ".wh.b");
	assert_int_equal(longest_slot(&merged), 0);
}

static void
what_names_and_attributes_need_has_a_limit(void **state)
{
	static char path[] = "d";
	static const struct entry entry = { .type = ENTRY_DIRECTORY,
					    .path = path,
					    .xattrs = { { "user.a", "value", 5 } },
					    .xattr_count = 1 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_MERGED struct merged merged = { 0 };
	size_t once;

	(void)state;
	assert_int_equal(merged_init(&merged, &err), 0);
	assert_int_equal(merged_add(&merged, &entry, &err), 0);
	once = merged.held_bytes;
	assert_int_equal(merged_add(&merged, &entry, &err), 0);
	assert_int_equal(merged.held_bytes, once);
	merged.held_bytes = IMAGE_NAMES_LIMIT_BYTES;
	assert_int_equal(merged_add(&merged, &entry, &err), 0);
	merged.held_bytes++;
	assert_int_equal(merged_add(&merged, &entry, &err), -1);
	assert_true(error_is(err, ERROR_CONTENT));
	assert_string_equal(
		error_text(err),
		"the names and attributes of the image's files need more than 448 MiB of memory");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_that_comes_again_is_found_in_one_step),
		cmocka_unit_test(what_names_and_attributes_need_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
