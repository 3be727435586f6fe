/* SPDX-License-Identifier: Apache-2.0 */
#include "http/ramp.h"

#include "base/limits.h"

bool
ramp_count(struct ramp *ramp, uint64_t bytes)
{
	ramp->bytes += bytes;
	return !ramp->has_window || ramp->bytes >= RANGE_BYTES;
}

/* Twice the connections have to bring a third more. */
static bool
was_worth_it(const struct ramp *ramp, uint64_t bytes_per_s, unsigned connections)
{
	uint64_t more = ramp->bytes_per_s * (connections - ramp->connections) / ramp->connections;

	return bytes_per_s >= ramp->bytes_per_s + more / 3;
}

static void
grow(struct ramp *ramp, uint64_t bytes_per_s, unsigned connections)
{
	ramp->bytes_per_s = bytes_per_s;
	ramp->connections = connections;
	ramp->limit = connections * 2 < LARGE_CONNECTIONS_LIMIT_COUNT
			      ? connections * 2
			      : LARGE_CONNECTIONS_LIMIT_COUNT;
}

/* With fewer connections than were tried, for want of ranges, nothing is learned. */
static void
judge_window(struct ramp *ramp, const struct ramp_reading *reading)
{
	int64_t ms = reading->now_ms - ramp->start.now_ms;
	uint64_t bytes_per_s = ramp->bytes * 1000 / (uint64_t)(ms > 0 ? ms : 1);
	unsigned connections = ramp->start.connections;

	if (ramp->is_settled || connections == 0 || reading->connections < connections ||
	    connections < ramp->limit ||
	    (reading->busy_ms - ramp->start.busy_ms) * 2 > reading->now_ms - ramp->start.now_ms)
		return;
	if (ramp->limit == 0) {
		if (bytes_per_s < RAMP_BYTES_PER_S)
			grow(ramp, bytes_per_s, connections);
	} else if (was_worth_it(ramp, bytes_per_s, connections)) {
		grow(ramp, bytes_per_s, connections);
	} else {
		ramp->limit = ramp->connections;
		ramp->is_settled = true;
	}
}

/* New connections need some round trips until they are at their speed. */
bool
ramp_judge(struct ramp *ramp, const struct ramp_reading *reading)
{
	if (ramp->has_window && ramp->limit > 0 &&
	    reading->now_ms - ramp->start.now_ms < RAMP_WINDOW_MS)
		return false;
	if (ramp->has_window)
		judge_window(ramp, reading);
	return true;
}

void
ramp_open(struct ramp *ramp, const struct ramp_reading *reading)
{
	ramp->has_window = true;
	ramp->bytes = 0;
	ramp->start = *reading;
}

void
ramp_refuse(struct ramp *ramp, unsigned connections)
{
	ramp->limit = connections > 2 ? connections / 2 : 1;
	ramp->is_settled = true;
}

void
ramp_stop(struct ramp *ramp)
{
	ramp->limit = 1;
	ramp->is_settled = true;
}
