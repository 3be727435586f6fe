/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "oci/digest.h"
#include "stream/source.h"

static FILE *
file_of(const char *text)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	(void)fputs(text, file);
	(void)fflush(file);
	return file;
}

static void
assert_read(const struct source *source, uint64_t at, size_t size, const char *expected)
{
	AUTO_ERROR struct error *err = NULL;
	char bytes[32] = "";
	size_t got = 99;

	assert_int_equal(source_read(source, at, bytes, size, &got, &err), 0);
	assert_int_equal(got, strlen(expected));
	assert_string_equal(bytes, expected);
}

static void
assert_reads_like_the_text(const struct source *source)
{
	assert_read(source, 0, 3, "012");
	assert_read(source, 4, 3, "456");
	assert_read(source, 0, 3, "012");
	assert_read(source, 8, 20, "89");
	assert_read(source, 10, 5, "");
	assert_read(source, 11, 5, "");
}

static void
bytes_are_read_anywhere_and_again(void **state)
{
	struct source source = source_of_bytes("0123456789", 10);

	(void)state;
	assert_reads_like_the_text(&source);
}

static void
a_file_is_read_anywhere_and_again(void **state)
{
	FILE *file = file_of("0123456789xxx");
	struct source source = source_of_fd(fileno(file), 10);

	(void)state;
	assert_reads_like_the_text(&source);
	(void)fclose(file);
}

static void
content_may_start_within_a_file(void **state)
{
	FILE *file = file_of("head:0123456789");
	struct source source = source_of_fd(fileno(file), 10);

	(void)state;
	source.offset_bytes = 5;
	assert_reads_like_the_text(&source);
	(void)fclose(file);
}

static void
no_bytes_are_not_a_file(void **state)
{
	struct source source = source_of_bytes(NULL, 0);

	(void)state;
	assert_read(&source, 0, 5, "");
}

static void
a_file_that_became_shorter_is_told(void **state)
{
	FILE *file = file_of("0123456789");
	struct source source = source_of_fd(fileno(file), 10);
	AUTO_ERROR struct error *err = NULL;
	char bytes[10];
	size_t got = 99;

	(void)state;
	assert_int_equal(ftruncate(fileno(file), 6), 0);
	assert_read(&source, 0, 6, "012345");
	assert_int_equal(source_read(&source, 4, bytes, 5, &got, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_string_equal(error_class(err), "source_changed");
	assert_int_equal(got, 99);
	(void)fclose(file);
}

static void
content_that_is_not_what_its_digest_says_is_told(void **state)
{
	struct digest digest = digest_of(DIGEST_SHA512, "0123456789", 10);
	struct source source = source_of_bytes("0123456789", 10);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(source_check(&source, &digest, &err), 0);
	source = source_of_bytes("0123456780", 10);
	assert_int_equal(source_check(&source, &digest, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_string_equal(error_class(err), "source_changed");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_read_anywhere_and_again),
		cmocka_unit_test(a_file_is_read_anywhere_and_again),
		cmocka_unit_test(content_may_start_within_a_file),
		cmocka_unit_test(no_bytes_are_not_a_file),
		cmocka_unit_test(a_file_that_became_shorter_is_told),
		cmocka_unit_test(content_that_is_not_what_its_digest_says_is_told),
	};

	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
