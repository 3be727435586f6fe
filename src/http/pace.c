/* SPDX-License-Identifier: Apache-2.0 */
#include "http/pace.h"

int64_t
pace_take(struct pace *pace, int64_t now_ms)
{
	int64_t *oldest_ms = &pace->times_ms[pace->count % WRITES_LIMIT_COUNT];
	int64_t due_ms = now_ms;

	if (pace->count >= WRITES_LIMIT_COUNT && *oldest_ms + WRITES_PERIOD_MS > now_ms)
		due_ms = *oldest_ms + WRITES_PERIOD_MS;
	*oldest_ms = due_ms;
	pace->count++;
	return due_ms;
}
