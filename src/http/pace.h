/* SPDX-License-Identifier: Apache-2.0 */
/* pace.h - a rate limit: at most WRITES_LIMIT_COUNT writes in any WRITES_PERIOD_MS
 *
 * A ring of the last writes' times.  A write past the limit waits until the oldest of them is a
 * period old.
 */
#ifndef OCIFP_HTTP_PACE_H
#define OCIFP_HTTP_PACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct pace {
	int64_t times_ms[WRITES_LIMIT_COUNT];
	size_t count; /* since the start */
};

/* When this write may be sent, now or later.  It is recorded as sent at that time. */
int64_t pace_take(struct pace *pace, int64_t now_ms);

#endif
