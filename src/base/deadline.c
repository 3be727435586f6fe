/* SPDX-License-Identifier: Apache-2.0 */
#include "base/deadline.h"

#include <time.h>

static int64_t
read_us(clockid_t clock)
{
	struct timespec now = { 0 };

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
deadline_now_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t
deadline_now_ms(void)
{
	return deadline_now_us() / 1000;
}

uint64_t
thread_used_us(void)
{
	return (uint64_t)read_us(CLOCK_THREAD_CPUTIME_ID);
}

int64_t
deadline_after_ms(int64_t delay_ms)
{
	int64_t deadline_ms;

	if (__builtin_add_overflow(deadline_now_ms(), delay_ms, &deadline_ms))
		return DEADLINE_NEVER;
	return deadline_ms;
}

int
deadline_left_ms(int64_t deadline_ms, int most_ms)
{
	int64_t now_ms = deadline_now_ms();

	if (deadline_ms <= now_ms)
		return 0;
	if (deadline_ms - now_ms > most_ms)
		return most_ms;
	return (int)(deadline_ms - now_ms);
}
