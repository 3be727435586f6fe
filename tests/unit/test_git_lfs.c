/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "project/git/git_lfs.h"

#define HEX "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FIRST_LINE "version https://git-lfs.github.com/spec/v1\n"

static void
pointer_tells_digest_and_size(void **state)
{
	static const char text[] = FIRST_LINE "oid sha256:" HEX "\nsize 9223372036854775807\n";
	struct lfs_pointer pointer;

	(void)state;
	assert_int_equal(lfs_pointer_parse(text, sizeof(text) - 1, &pointer), LFS_POINTER);
	assert_string_equal(digest_hex(&pointer.digest).text, HEX);
	assert_int_equal(pointer.size_bytes, INT64_MAX);
}

static void
what_lfs_may_read_otherwise_is_not_known(void **state)
{
	static const char *const cases[] = {
		"version https://hawser.github.com/spec/v1\noid sha256:" HEX "\nsize 1\n",
		FIRST_LINE "ext-0-foo sha256:" HEX "\noid sha256:" HEX "\nsize 1\n",
		FIRST_LINE "oid sha256:" HEX "\nsize 1",
		FIRST_LINE "oid sha256:" HEX "\nsize 1\n\n",
		FIRST_LINE "oid sha256:" HEX "\nsize -1\n",
		FIRST_LINE "oid sha256:" HEX "\nsize 9223372036854775808\n",
		FIRST_LINE "oid sha512:" HEX HEX "\nsize 1\n",
		FIRST_LINE "oid sha256:12\nsize 1\n",
		FIRST_LINE "size 1\noid sha256:" HEX "\n",
		FIRST_LINE,
		"git-media",
	};
	struct lfs_pointer pointer = { .size_bytes = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(lfs_pointer_parse(cases[i], strlen(cases[i]), &pointer),
				 LFS_UNKNOWN);
	assert_int_equal(lfs_pointer_parse(FIRST_LINE "\0", sizeof(FIRST_LINE), &pointer),
			 LFS_UNKNOWN);
	assert_int_equal(pointer.size_bytes, 7);
}

static void
anything_else_is_the_file_itself(void **state)
{
	struct lfs_pointer pointer;

	(void)state;
	assert_int_equal(lfs_pointer_parse("", 0, &pointer), LFS_NO_POINTER);
	assert_int_equal(lfs_pointer_parse("\0\xff", 2, &pointer), LFS_NO_POINTER);
	assert_int_equal(lfs_pointer_parse("oid sha256:" HEX "\n", 76, &pointer), LFS_NO_POINTER);
}

static void
pointer_is_shorter_than_the_limit(void **state)
{
	AUTO_FREE char *text = xcalloc(1, LFS_POINTER_LIMIT_BYTES);
	struct lfs_pointer pointer;

	(void)state;
	memset(text, '\n', LFS_POINTER_LIMIT_BYTES);
	memcpy(text, FIRST_LINE, sizeof(FIRST_LINE) - 1);
	assert_int_equal(lfs_pointer_parse(text, LFS_POINTER_LIMIT_BYTES - 1, &pointer),
			 LFS_UNKNOWN);
	assert_int_equal(lfs_pointer_parse(text, LFS_POINTER_LIMIT_BYTES, &pointer),
			 LFS_NO_POINTER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pointer_tells_digest_and_size),
		cmocka_unit_test(what_lfs_may_read_otherwise_is_not_known),
		cmocka_unit_test(anything_else_is_the_file_itself),
		cmocka_unit_test(pointer_is_shorter_than_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
