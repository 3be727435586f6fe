/* SPDX-License-Identifier: Apache-2.0 */
/* ramp.h - how many connections pay for the large downloads of a process
 *
 * Pure functions.  A window is RANGE_BYTES received by all large downloads together.  One that
 * was slow while the processor waited lets twice as many connections be tried, and twice as many
 * again for as long as that makes the whole faster.  What does not is taken back: then the line is
 * the limit, not the connection.
 */
#ifndef OCIFP_HTTP_RAMP_H
#define OCIFP_HTTP_RAMP_H

#include <stdbool.h>
#include <stdint.h>

struct ramp_reading {
	int64_t now_ms;
	int64_t busy_ms;      /* the thread's processor time */
	unsigned connections; /* of large downloads */
};

struct ramp {
	unsigned limit;  /* connections of large downloads; 0: one for each, as they come */
	bool is_settled; /* no further growth */
	bool has_window;
	uint64_t bytes; /* of the window */
	struct ramp_reading start;
	uint64_t bytes_per_s; /* of the last window that grew the limit; 0: none */
	unsigned connections; /* in it */
};

/* True: the window may be full, and the caller reads the clocks for ramp_judge(). */
bool ramp_count(struct ramp *ramp, uint64_t bytes);

/* True: the window is full.  The caller starts what the limit allows and opens the next one. */
bool ramp_judge(struct ramp *ramp, const struct ramp_reading *reading);
void ramp_open(struct ramp *ramp, const struct ramp_reading *reading);

/* A server refused a connection as one too many. */
void ramp_refuse(struct ramp *ramp, unsigned connections);

/* A body that came in ranges was damaged. */
void ramp_stop(struct ramp *ramp);

#endif
