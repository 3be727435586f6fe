/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/pace.h"

static void
as_many_as_a_registry_takes_are_not_slowed(void **state)
{
	struct pace pace = { .count = 0 };

	(void)state;
	/* Right after the machine has started, too. */
	for (size_t i = 0; i < WRITES_LIMIT_COUNT; i++)
		assert_int_equal(pace_take(&pace, 5), 5);
}

static void
one_more_waits_until_the_oldest_is_a_period_old(void **state)
{
	struct pace pace = { .count = 0 };

	(void)state;
	assert_int_equal(pace_take(&pace, 1000), 1000);
	for (size_t i = 1; i < WRITES_LIMIT_COUNT; i++)
		assert_int_equal(pace_take(&pace, 3000), 3000);
	assert_int_equal(pace_take(&pace, 4000), 1000 + WRITES_PERIOD_MS);
	assert_int_equal(pace_take(&pace, 4000), 3000 + WRITES_PERIOD_MS);
}

static void
a_steady_stream_below_the_limit_never_waits(void **state)
{
	struct pace pace = { .count = 0 };
	int64_t step_ms = WRITES_PERIOD_MS / WRITES_LIMIT_COUNT + 1;

	(void)state;
	for (int64_t now_ms = 0; now_ms < 5 * (int64_t)WRITES_PERIOD_MS; now_ms += step_ms)
		assert_int_equal(pace_take(&pace, now_ms), now_ms);
}

static void
no_minute_sees_more_than_the_limit_however_many_are_asked_for(void **state)
{
	static int64_t times_ms[5 * WRITES_LIMIT_COUNT];
	const size_t count = sizeof(times_ms) / sizeof(*times_ms);
	struct pace pace = { .count = 0 };

	(void)state;
	for (size_t i = 0; i < count; i++)
		times_ms[i] = pace_take(&pace, (int64_t)i);
	for (size_t i = WRITES_LIMIT_COUNT; i < count; i++)
		assert_true(times_ms[i] - times_ms[i - WRITES_LIMIT_COUNT] >= WRITES_PERIOD_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_as_a_registry_takes_are_not_slowed),
		cmocka_unit_test(one_more_waits_until_the_oldest_is_a_period_old),
		cmocka_unit_test(a_steady_stream_below_the_limit_never_waits),
		cmocka_unit_test(no_minute_sees_more_than_the_limit_however_many_are_asked_for),
	};

	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
