/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "http/ramp.h"

/* So many bytes in so long a time, over connections that are started as soon as they are allowed.
 */
static void
receive(struct ramp *ramp, uint64_t bytes, int64_t ms, int64_t busy_ms, unsigned most)
{
	struct ramp_reading reading = ramp->start;

	reading.now_ms += ms;
	reading.busy_ms += busy_ms;
	if (!ramp_count(ramp, bytes) || !ramp_judge(ramp, &reading))
		return;
	if (reading.connections < ramp->limit)
		reading.connections = ramp->limit < most ? ramp->limit : most;
	ramp_open(ramp, &reading);
}

static struct ramp
one_connection(void)
{
	struct ramp ramp = { .limit = 0 };

	ramp_open(&ramp, &(struct ramp_reading){ .now_ms = 5, .connections = 1 });
	return ramp;
}

static void
a_slow_connection_is_joined_by_others_while_they_pay(void **state)
{
	static const unsigned limits[] = { 2, 4, 8, 16, 16 };
	struct ramp ramp = one_connection();

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		receive(&ramp, ramp.start.connections * RANGE_BYTES, 1300, 100, 16);
		assert_int_equal(ramp.limit, limits[i]);
	}
}

static void
less_than_a_window_shows_nothing(void **state)
{
	struct ramp ramp = one_connection();

	(void)state;
	receive(&ramp, RANGE_BYTES - 1, 1300, 100, 16);
	assert_int_equal(ramp.limit, 0);
	receive(&ramp, 1, 1300, 100, 16);
	assert_int_equal(ramp.limit, 2);
}

static void
a_line_that_is_full_gets_no_more_connections(void **state)
{
	struct ramp ramp = one_connection();

	(void)state;
	receive(&ramp, RANGE_BYTES, 1300, 100, 16);
	receive(&ramp, RANGE_BYTES, 1200, 100, 16);
	assert_int_equal(ramp.limit, 1);
	receive(&ramp, RANGE_BYTES, 1300, 100, 16);
	assert_int_equal(ramp.limit, 1);
}

static void
a_fast_download_or_a_busy_processor_is_left_alone(void **state)
{
	struct ramp ramp = one_connection();

	(void)state;
	receive(&ramp, RANGE_BYTES, 100, 10, 16);
	assert_int_equal(ramp.limit, 0);
	receive(&ramp, RANGE_BYTES, 1300, 700, 16);
	assert_int_equal(ramp.limit, 0);
	receive(&ramp, RANGE_BYTES, 1300, 600, 16);
	assert_int_equal(ramp.limit, 2);
}

static void
new_connections_get_time_to_become_fast(void **state)
{
	struct ramp ramp = one_connection();

	(void)state;
	receive(&ramp, RANGE_BYTES, 300, 10, 16);
	receive(&ramp, RANGE_BYTES, RAMP_WINDOW_MS - 1, 10, 16);
	assert_int_equal(ramp.limit, 2);
	receive(&ramp, 2 * RANGE_BYTES, RAMP_WINDOW_MS, 10, 16);
	assert_int_equal(ramp.limit, 4);
}

static void
too_few_ranges_for_the_limit_show_nothing(void **state)
{
	struct ramp ramp = one_connection();

	(void)state;
	receive(&ramp, RANGE_BYTES, 1300, 100, 16);
	receive(&ramp, 2 * RANGE_BYTES, 1300, 100, 3);
	assert_int_equal(ramp.limit, 4);
	receive(&ramp, RANGE_BYTES, 1300, 100, 3);
	assert_int_equal(ramp.limit, 4);
	assert_false(ramp.is_settled);
}

static void
a_refusal_halves_and_damage_ends_it(void **state)
{
	struct ramp ramp = one_connection();

	(void)state;
	ramp.limit = 16;
	ramp_refuse(&ramp, 12);
	assert_int_equal(ramp.limit, 6);
	receive(&ramp, 16 * RANGE_BYTES, 1300, 100, 16);
	assert_int_equal(ramp.limit, 6);
	ramp_refuse(&ramp, 1);
	assert_int_equal(ramp.limit, 1);
	ramp.limit = 6;
	ramp_stop(&ramp);
	assert_int_equal(ramp.limit, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_connection_is_joined_by_others_while_they_pay),
		cmocka_unit_test(less_than_a_window_shows_nothing),
		cmocka_unit_test(a_line_that_is_full_gets_no_more_connections),
		cmocka_unit_test(a_fast_download_or_a_busy_processor_is_left_alone),
		cmocka_unit_test(new_connections_get_time_to_become_fast),
		cmocka_unit_test(too_few_ranges_for_the_limit_show_nothing),
		cmocka_unit_test(a_refusal_halves_and_damage_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
