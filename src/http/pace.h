/* pace.h - at most WRITES_LIMIT_COUNT in any WRITES_PERIOD_MS
 *
 * The times of the last ones, in a ring: whoever is one too many goes when the oldest of them is a
 * period old.  Nothing is slowed before.
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

/* When this one may go, now or later: it counts as going then. */
int64_t pace_take(struct pace *pace, int64_t now_ms);

#endif
