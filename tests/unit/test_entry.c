/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "layer/helper/entry.h"

static struct archive_entry *
file_named(const char *name)
{
	struct archive_entry *from = archive_entry_new();

	archive_entry_set_pathname(from, name);
	archive_entry_set_filetype(from, AE_IFREG);
	archive_entry_set_size(from, 0);
	return from;
}

static char *
letters(size_t count)
{
	char *text = xcalloc(1, count + 1);

	memset(text, 'x', count);
	return text;
}

/* The class of the error, "" for one without, NULL when the entry is taken. */
static const char *
refusal(struct archive_entry *from)
{
	AUTO_ENTRY struct entry entry = { 0 };
	AUTO_ERROR struct error *err = NULL;
	int ret = entry_read(from, &entry, &err);

	archive_entry_free(from);
	if (ret == 0)
		return NULL;
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	return error_class(err) && strcmp(error_class(err), "limit") == 0 ? "limit" : "";
}

static void
paths_have_a_limit(void **state)
{
	AUTO_FREE char *at = letters(PATH_LIMIT_BYTES - 1);
	AUTO_FREE char *past = letters(PATH_LIMIT_BYTES);

	(void)state;
	assert_null(refusal(file_named(at)));
	assert_string_equal(refusal(file_named(past)), "limit");
}

static struct archive_entry *
linked(const char *target, bool hard)
{
	struct archive_entry *from = file_named("link");

	if (hard) {
		archive_entry_set_hardlink(from, target);
	} else {
		archive_entry_set_filetype(from, AE_IFLNK);
		archive_entry_set_symlink(from, target);
	}
	return from;
}

static void
targets_of_links_have_a_limit(void **state)
{
	AUTO_FREE char *at = letters(PATH_LIMIT_BYTES - 1);
	AUTO_FREE char *past = letters(PATH_LIMIT_BYTES);

	(void)state;
	for (int hard = 0; hard < 2; hard++) {
		assert_null(refusal(linked(at, hard)));
		assert_string_equal(refusal(linked(past, hard)), "limit");
	}
}

static struct archive_entry *
with_xattrs(size_t count, size_t size_bytes)
{
	struct archive_entry *from = file_named("f");
	AUTO_FREE char *value = letters(size_bytes);

	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *name = xasprintf("user.%zu", i);

		archive_entry_xattr_add_entry(from, name, value, size_bytes);
	}
	return from;
}

static void
extended_attributes_have_a_limit_to_their_number(void **state)
{
	(void)state;
	assert_null(refusal(with_xattrs(XATTRS_LIMIT_COUNT, 1)));
	assert_string_equal(refusal(with_xattrs(XATTRS_LIMIT_COUNT + 1, 1)), "limit");
}

static void
those_that_are_left_out_do_not_count(void **state)
{
	struct archive_entry *from = with_xattrs(XATTRS_LIMIT_COUNT, 1);

	(void)state;
	archive_entry_xattr_add_entry(from, "trusted.x", "1", 1);
	assert_null(refusal(from));
}

static void
extended_attributes_have_a_limit_to_their_size(void **state)
{
	(void)state;
	assert_null(refusal(with_xattrs(1, XATTR_LIMIT_BYTES)));
	assert_string_equal(refusal(with_xattrs(1, XATTR_LIMIT_BYTES + 1)), "limit");
}

static void
owners_are_those_that_chown_can_give(void **state)
{
	struct archive_entry *from = file_named("f");

	(void)state;
	archive_entry_set_uid(from, UINT32_MAX - 1);
	archive_entry_set_gid(from, UINT32_MAX - 1);
	assert_null(refusal(from));
	from = file_named("f");
	archive_entry_set_gid(from, UINT32_MAX);
	assert_string_equal(refusal(from), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_have_a_limit),
		cmocka_unit_test(targets_of_links_have_a_limit),
		cmocka_unit_test(extended_attributes_have_a_limit_to_their_number),
		cmocka_unit_test(those_that_are_left_out_do_not_count),
		cmocka_unit_test(extended_attributes_have_a_limit_to_their_size),
		cmocka_unit_test(owners_are_those_that_chown_can_give),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
