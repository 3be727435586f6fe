/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <curl/curl.h>

#include "base/limits.h"
#include "http/retry.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct retry_tally
tally_after(unsigned attempts)
{
	struct retry_tally tally = { 0 };

	for (unsigned i = 0; i < attempts; i++)
		retry_count_attempt(&tally);
	return tally;
}

static void
statuses_that_may_pass_are_asked_again(void **state)
{
	static const int passing[] = { 408, 425, 429, 499, 500, 502, 503, 504, 522 };
	static const int standing[] = { 200, 304, 400, 401, 403, 404, 405, 416, 501, 505 };
	struct retry_tally tally = tally_after(1);

	(void)state;
	for (size_t i = 0; i < COUNT(passing); i++)
		assert_true(retry_after_status(&tally, passing[i], false));
	for (size_t i = 0; i < COUNT(standing); i++)
		assert_false(retry_after_status(&tally, standing[i], false));
}

static void
a_signed_url_that_is_refused_is_asked_for_once_more(void **state)
{
	struct retry_tally tally = tally_after(ATTEMPTS_LIMIT_COUNT - 1);

	(void)state;
	assert_true(retry_after_status(&tally, 403, true));
	assert_true(retry_after_status(&tally, 401, true));
	assert_false(retry_after_status(&tally, 404, true));
	retry_count_expiry(&tally);
	assert_false(retry_after_status(&tally, 403, true));
	retry_count_progress(&tally, PROGRESS_RESET_BYTES);
	retry_count_attempt(&tally);
	assert_true(retry_after_status(&tally, 403, true));
}

static void
connections_that_break_are_tried_again_but_not_refused_peers(void **state)
{
	static const int passing[] = { CURLE_COULDNT_CONNECT,   CURLE_HTTP2,
				       CURLE_PARTIAL_FILE,      CURLE_OPERATION_TIMEDOUT,
				       CURLE_SSL_CONNECT_ERROR, CURLE_GOT_NOTHING,
				       CURLE_SEND_ERROR,        CURLE_RECV_ERROR,
				       CURLE_HTTP2_STREAM };
	static const int standing[] = { CURLE_PEER_FAILED_VERIFICATION, CURLE_WEIRD_SERVER_REPLY,
					CURLE_SSL_CACERT_BADFILE,       CURLE_URL_MALFORMAT,
					CURLE_UNSUPPORTED_PROTOCOL,     CURLE_WRITE_ERROR };
	struct retry_tally tally = tally_after(1);

	(void)state;
	for (size_t i = 0; i < COUNT(passing); i++)
		assert_true(retry_after_failure(&tally, passing[i], false, false));
	for (size_t i = 0; i < COUNT(standing); i++)
		assert_false(retry_after_failure(&tally, standing[i], false, false));
	assert_false(retry_after_failure(&tally, CURLE_SSL_CONNECT_ERROR, true, false));
	tally = tally_after(2);
	assert_true(retry_after_failure(&tally, CURLE_COULDNT_CONNECT, false, true));
	tally = tally_after(3);
	assert_false(retry_after_failure(&tally, CURLE_COULDNT_CONNECT, false, true));
	assert_true(retry_after_failure(&tally, CURLE_COULDNT_CONNECT, false, false));
}

static void
attempts_have_a_limit(void **state)
{
	struct retry_tally last_but_one = tally_after(ATTEMPTS_LIMIT_COUNT - 1);
	struct retry_tally last = tally_after(ATTEMPTS_LIMIT_COUNT);

	(void)state;
	assert_true(retry_after_failure(&last_but_one, CURLE_RECV_ERROR, false, false));
	assert_false(retry_after_failure(&last, CURLE_RECV_ERROR, false, false));
	assert_false(retry_after_status(&last, 503, false));
}

static void
a_name_is_looked_up_twice(void **state)
{
	struct retry_tally first = tally_after(1);
	struct retry_tally second = tally_after(2);

	(void)state;
	assert_true(retry_after_failure(&first, CURLE_COULDNT_RESOLVE_HOST, false, false));
	assert_false(retry_after_failure(&second, CURLE_COULDNT_RESOLVE_HOST, false, false));
}

static void
progress_makes_attempts_fresh(void **state)
{
	struct retry_tally tally = tally_after(ATTEMPTS_LIMIT_COUNT);

	(void)state;
	retry_count_progress(&tally, PROGRESS_RESET_BYTES - 1);
	assert_false(retry_after_failure(&tally, CURLE_RECV_ERROR, false, false));
	retry_count_progress(&tally, 1);
	assert_true(retry_after_failure(&tally, CURLE_RECV_ERROR, false, false));
	retry_count_attempt(&tally);
	assert_int_equal(tally.attempts, 1);
	assert_int_equal(tally.progress_bytes, 0);
}

static void
reconnects_have_a_limit_whatever_the_progress(void **state)
{
	struct retry_tally tally = { 0 };

	(void)state;
	for (unsigned i = 0; i < RECONNECTS_LIMIT_COUNT; i++) {
		retry_count_attempt(&tally);
		retry_count_progress(&tally, PROGRESS_RESET_BYTES);
		assert_true(retry_after_failure(&tally, CURLE_RECV_ERROR, false, false));
	}
	retry_count_attempt(&tally);
	retry_count_progress(&tally, PROGRESS_RESET_BYTES);
	assert_int_equal(tally.repeats, RECONNECTS_LIMIT_COUNT);
	assert_false(retry_after_failure(&tally, CURLE_RECV_ERROR, false, false));
}

static void
a_wait_is_read_in_every_form(void **state)
{
	static const time_t now = 784111777; /* RFC 9110's example date */
	static const struct {
		const char *value;
		int64_t ms; /* -1: not a wait */
	} cases[] = {
		{ "0", 0 },
		{ "120", 120000 },
		{ "Sun, 06 Nov 1994 08:50:37 GMT", 60000 },
		{ "Sunday, 06-Nov-94 08:50:37 GMT", 60000 },
		{ "Sun Nov  6 08:50:37 1994", 60000 },
		{ "Sun, 06 Nov 1994 08:49:00 GMT", 0 },
		{ "1.5s", 1500 },
		{ "2m", 120000 },
		{ "-1", -1 },
		{ "", -1 },
		{ "soon", -1 },
		{ "99999999999999999999", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t ms = -1;

		if (retry_parse_header(cases[i].value, now, &ms) != (cases[i].ms >= 0) ||
		    ms != cases[i].ms)
			fail_msg("'%s' was read as %lld", cases[i].value, (long long)ms);
	}
}

static void
a_wait_is_found_in_text(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "{\"message\":\"retry-after: 1.16676ms, allowed: 44000/minute\"}", 2 },
		{ "Retry-After: 831.2\xc2\xb5s, allowed: 2000/minute", 1 },
		{ "{\"message\":\"retry-after: 880.092\\u00b5s, allowed: 44000/minute\"}", 1 },
		{ "retry-after: 1100.5\\u03BCs", 2 },
		{ "retry-after: 2500.25\xce\xbcs\"", 3 },
		{ "retry-after: 1500us", 2 },
		{ "retry-after: 2000001ns", 3 },
		{ "retry-after: 0s", 0 },
		{ "retry-after: 1m30s", 90000 },
		{ "retry-after: 1h0m0.5s, allowed: 60/hour", 3600500 },
		{ "retry-after: 2m1.5ms 9us", 120002 },
		{ "Too many requests, retry-after: 2s.", 2000 },
		{ "retry-after: 7", 7000 },
		{ "retry-after: -2s", -1 },
		{ "retry-after: 99999999999999999999s", -1 },
		{ "retry-after:2s", 2000 },
		{ "retry-after: never", -1 },
		{ "too many requests", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t ms = -1;

		if (retry_parse_text(cases[i].text, &ms) != (cases[i].ms >= 0) || ms != cases[i].ms)
			fail_msg("'%s' was read as %lld", cases[i].text, (long long)ms);
	}
}

static void
pauses_double_up_to_a_limit(void **state)
{
	static const int64_t expected_ms[] = { 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000 };

	(void)state;
	for (unsigned i = 0; i < COUNT(expected_ms); i++) {
		struct retry_tally tally = tally_after(i + 1);
		int64_t half_ms = expected_ms[i] / 2;

		for (uint32_t random = 0; random < UINT32_MAX - 99999999; random += 99999999) {
			int64_t ms = retry_delay_ms(&tally, 500, -1, random);

			assert_in_range(ms, expected_ms[i] - half_ms, expected_ms[i] + half_ms);
		}
		assert_int_equal(retry_delay_ms(&tally, 500, -1, 0), expected_ms[i] - half_ms);
	}
}

static void
what_the_server_asks_for_is_the_least(void **state)
{
	struct retry_tally tally = tally_after(1);

	(void)state;
	assert_int_equal(retry_delay_ms(&tally, 500, 7000, 0), 7000);
	assert_in_range(retry_delay_ms(&tally, 500, 2, 4000000000), 2, 2 + 500);
	assert_int_equal(retry_delay_ms(&tally, 500, RETRY_AFTER_LIMIT_MS, 0),
			 RETRY_AFTER_LIMIT_MS);
	assert_int_equal(retry_delay_ms(&tally, 500, RETRY_AFTER_LIMIT_MS + 1, 0), -1);
}

static int64_t
put_off_ms(unsigned served, unsigned put_off, int64_t asked_ms, uint32_t random)
{
	struct retry_load load = { served, put_off - 1 };
	struct retry_tally tally = { .put_offs = 1 };

	return retry_put_off_ms(&tally, &load, 500, asked_ms, random);
}

static void
the_larger_the_share_that_is_put_off_the_longer_the_span(void **state)
{
	static const struct {
		unsigned served;
		unsigned put_off;
		int64_t span_ms;
	} cases[] = { { 0, 1, 30000 }, { 0, 9, 30000 }, { 1, 1, 15000 }, { 9, 1, 3000 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t span_ms = (uint32_t)cases[i].span_ms;

		assert_int_equal(put_off_ms(cases[i].served, cases[i].put_off, 2, span_ms),
				 2 + span_ms);
		assert_int_equal(put_off_ms(cases[i].served, cases[i].put_off, 2, span_ms + 1), 2);
	}
	/* Of a long wait, half of it. */
	assert_int_equal(put_off_ms(0, 1, 200000, 100000), 300000);
	assert_int_equal(put_off_ms(0, 1, RETRY_AFTER_LIMIT_MS + 1, 0), -1);
}

static void
a_request_that_is_put_off_for_the_first_time_comes_again_soon(void **state)
{
	struct retry_load load = { 0 };
	struct retry_tally tally = { 0 };

	(void)state;
	assert_int_equal(retry_put_off_ms(&tally, &load, 500, 1, 5000), 5001);
	assert_int_equal(retry_put_off_ms(&tally, &load, 500, 1, 30000), 30001);
	tally = (struct retry_tally){ 0 };
	assert_int_equal(retry_put_off_ms(&tally, &load, 500, 1, 5001), 1);
}

static void
a_request_that_was_put_off_often_comes_again_sooner(void **state)
{
	static const struct {
		unsigned put_offs;
		uint32_t span_ms;
	} cases[] = { { 1, 30000 }, { 2, 28948 }, { 11, 19474 }, { 20, 10000 }, { 1000, 10000 } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct retry_load load = { 0 };
		struct retry_tally tally = { .put_offs = cases[i].put_offs };

		assert_int_equal(retry_put_off_ms(&tally, &load, 500, 0, cases[i].span_ms),
				 cases[i].span_ms);
		tally = (struct retry_tally){ .put_offs = cases[i].put_offs };
		assert_int_equal(retry_put_off_ms(&tally, &load, 500, 0, cases[i].span_ms + 1), 0);
	}
}

static void
old_answers_count_less(void **state)
{
	struct retry_load load = { 0 };
	struct retry_tally tally = { .put_offs = 1 };

	(void)state;
	for (int i = 0; i < 100; i++)
		retry_count_served(&load);
	for (int i = 0; i < 40; i++) {
		struct retry_tally other = { 0 };

		(void)retry_put_off_ms(&other, &load, 500, 0, 0);
	}
	assert_in_range(retry_put_off_ms(&tally, &load, 500, 0, 29000), 29000, 29000);
}

static void
being_put_off_is_not_an_attempt_but_has_a_limit(void **state)
{
	struct retry_load load = { 0 };
	struct retry_tally tally = { 0 };

	(void)state;
	for (int64_t ms = 0; ms < PUT_OFF_LIMIT_MS; ms += 10000) {
		retry_count_attempt(&tally);
		assert_int_equal(retry_put_off_ms(&tally, &load, 500, 10000, 0), 10000);
	}
	assert_true(retry_has_attempt(&tally));
	assert_int_equal(tally.attempts, 0);
	assert_int_equal(retry_put_off_ms(&tally, &load, 500, 0, 1), -1);
}

static void
a_server_puts_off_with_a_wait_alone(void **state)
{
	(void)state;
	assert_true(retry_is_put_off(429, 0));
	assert_true(retry_is_put_off(503, 1000));
	assert_false(retry_is_put_off(429, -1));
	assert_false(retry_is_put_off(502, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_that_may_pass_are_asked_again),
		cmocka_unit_test(a_signed_url_that_is_refused_is_asked_for_once_more),
		cmocka_unit_test(connections_that_break_are_tried_again_but_not_refused_peers),
		cmocka_unit_test(attempts_have_a_limit),
		cmocka_unit_test(a_name_is_looked_up_twice),
		cmocka_unit_test(progress_makes_attempts_fresh),
		cmocka_unit_test(reconnects_have_a_limit_whatever_the_progress),
		cmocka_unit_test(a_wait_is_read_in_every_form),
		cmocka_unit_test(a_wait_is_found_in_text),
		cmocka_unit_test(pauses_double_up_to_a_limit),
		cmocka_unit_test(what_the_server_asks_for_is_the_least),
		cmocka_unit_test(the_larger_the_share_that_is_put_off_the_longer_the_span),
		cmocka_unit_test(a_request_that_is_put_off_for_the_first_time_comes_again_soon),
		cmocka_unit_test(a_request_that_was_put_off_often_comes_again_sooner),
		cmocka_unit_test(old_answers_count_less),
		cmocka_unit_test(being_put_off_is_not_an_attempt_but_has_a_limit),
		cmocka_unit_test(a_server_puts_off_with_a_wait_alone),
	};

	return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
