/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "run/container/cgroup.h"

static void
memory_is_bytes_or_has_a_unit(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes; /* 0: no limit */
	} rows[] = {
		{ "4194304", 4 << 20 },
		{ "4194304b", 4 << 20 },
		{ "4096k", 4 << 20 },
		{ "4m", 4 << 20 },
		{ "2g", (uint64_t)2 << 30 },
		{ "4194303", 0 },
		{ "3m", 0 },
		{ "", 0 },
		{ "m", 0 },
		{ "4M", 4 << 20 },
		{ "4 m", 0 },
		{ "-4m", 0 },
		{ "1.5g", 0 },
		{ "1073741824g", 0 },
		{ "1073741825g", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO_ERROR struct error *err = NULL;
		struct job_limits limits = { 0 };
		int result = job_limits_parse(rows[i].text, NULL, 0, &limits, &err);

		/* 2^60 itself is the most. */
		if (i == 13) {
			assert_int_equal(result, 0);
			continue;
		}
		assert_int_equal(result, rows[i].bytes ? 0 : -1);
		assert_int_equal(limits.memory_bytes, rows[i].bytes);
		if (result < 0)
			assert_true(error_is(err, ERROR_USAGE));
	}
}

static void
processors_have_up_to_three_decimals(void **state)
{
	static const struct {
		const char *text;
		uint64_t thousandths; /* 0: no limit */
	} rows[] = {
		{ "1", 1000 },   { "0.5", 500 }, { "1.25", 1250 }, { "0.01", 10 }, { "0.125", 125 },
		{ "0.009", 0 },  { "0", 0 },     { "1.", 0 },      { ".5", 0 },    { "1.2345", 0 },
		{ "100001", 0 }, { "-1", 0 },    { "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		AUTO_ERROR struct error *err = NULL;
		struct job_limits limits = { 0 };
		int result = job_limits_parse(NULL, rows[i].text, 0, &limits, &err);

		assert_int_equal(result, rows[i].thousandths ? 0 : -1);
		assert_int_equal(limits.cpu_thousandths, rows[i].thousandths);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_bytes_or_has_a_unit),
		cmocka_unit_test(processors_have_up_to_three_decimals),
	};

	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
