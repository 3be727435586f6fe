/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "registry/upload/upload_session.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void
a_range_tells_how_much_a_session_has(void **state)
{
	static const struct {
		const char *value;
		uint64_t taken_bytes;
	} rows[] = {
		{ "0-0", 0 },
		{ "0-1", 2 },
		{ "0-4194303", 4194304 },
		{ "bytes=0-99", 100 },
		{ "bytes 0-99", 100 },
		{ "0-9223372036854775806", 9223372036854775807 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t taken_bytes = 77;

		assert_true(session_parse_range(rows[i].value, &taken_bytes));
		assert_int_equal(taken_bytes, rows[i].taken_bytes);
	}
}

static void
what_is_no_range_from_the_start_is_none(void **state)
{
	static const char *const rows[] = {
		NULL,   "",    "0",       "0-",   "-5",   "1-5",
		"00-5", "0-x", "0-5/100", "0-5 ", "0--5", "0-9223372036854775807",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t taken_bytes = 77;

		assert_false(session_parse_range(rows[i], &taken_bytes));
		assert_int_equal(taken_bytes, 77);
	}
}

static void
a_limit_is_found_in_the_text_of_a_refusal(void **state)
{
	static const struct {
		const char *message;
		uint64_t bytes;
	} rows[] = {
		{ "chunk exceeds the maximum permissible limit of 4.00MiB", 4 * MIB },
		{ "Limit of 10 MB", 10000000 },
		{ "limit of 1.50GiB, sorry", 3 * 512 * MIB },
		{ "limit of 512KiB", 512 * KIB },
		{ "limit of 1048576", MIB },
		{ "limit of 1048576 bytes", MIB },
		{ "limit of 3.7MB", 3000000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t bytes = 77;

		assert_true(session_parse_limit(rows[i].message, &bytes));
		assert_int_equal(bytes, rows[i].bytes);
	}
}

static void
no_limit_is_found_where_none_is(void **state)
{
	static const char *const rows[] = {
		NULL,
		"",
		"the range is not satisfiable",
		"limit of",
		"limit of x",
		"limit of -1MiB",
		"limit of 99999999999999999999999MiB",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t bytes = 77;

		assert_false(session_parse_limit(rows[i], &bytes));
		assert_int_equal(bytes, 77);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_tells_how_much_a_session_has),
		cmocka_unit_test(what_is_no_range_from_the_start_is_none),
		cmocka_unit_test(a_limit_is_found_in_the_text_of_a_refusal),
		cmocka_unit_test(no_limit_is_found_where_none_is),
	};

	return cmocka_run_group_tests_name("upload_parse", tests, NULL, NULL);
}
