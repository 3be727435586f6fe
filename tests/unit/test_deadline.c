/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>

#include "base/deadline.h"

static void
time_does_not_run_backwards(void **state)
{
	int64_t before = deadline_now_ms();

	(void)state;
	assert_true(before >= 0);
	assert_true(deadline_now_ms() >= before);
}

static void
what_is_left_is_bounded_by_both_ends(void **state)
{
	int64_t now = deadline_now_ms();

	(void)state;
	assert_int_equal(deadline_left_ms(now - 1, 1000), 0);
	assert_int_equal(deadline_left_ms(INT64_MIN, 1000), 0);
	assert_int_equal(deadline_left_ms(now + 3600000, 1000), 1000);
	assert_in_range(deadline_left_ms(now + 3600000, INT_MAX), 3590000, 3600000);
}

static void
never_is_never_reached(void **state)
{
	(void)state;
	assert_int_equal(deadline_left_ms(DEADLINE_NEVER, INT_MAX), INT_MAX);
	assert_int_equal(deadline_left_ms(DEADLINE_NEVER, 0), 0);
	assert_true(deadline_after_ms(INT64_MAX) == DEADLINE_NEVER);
	assert_true(deadline_after_ms(DEADLINE_NEVER - 1) == DEADLINE_NEVER);
}

static void
a_delay_starts_now(void **state)
{
	int64_t before = deadline_now_ms();
	int64_t deadline = deadline_after_ms(5000);

	(void)state;
	assert_true(deadline >= before + 5000);
	assert_true(deadline <= deadline_now_ms() + 5000);
	assert_int_equal(deadline_left_ms(deadline_after_ms(0), 10), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_does_not_run_backwards),
		cmocka_unit_test(what_is_left_is_bounded_by_both_ends),
		cmocka_unit_test(never_is_never_reached),
		cmocka_unit_test(a_delay_starts_now),
	};

	return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
