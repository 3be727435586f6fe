/* SPDX-License-Identifier: Apache-2.0 */
/* activity.h - the present activity: blobs in transfer, layers being packed and unpacked, a build,
 * a wait
 *
 * From the events of base/observer.h; progress_format.h formats it.  Times are of
 * deadline_now_ms().
 */
#ifndef OCIFP_CLI_OUTPUT_ACTIVITY_H
#define OCIFP_CLI_OUTPUT_ACTIVITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/observer.h"

enum blob_state {
	BLOB_WAITS,   /* waits for its turn */
	BLOB_MOVES,   /* from begun_ms on */
	BLOB_DONE,    /* at ended_ms */
	BLOB_NOT_NEW, /* was present already: not in the sums */
};

struct blob_row {
	char *digest;
	enum blob_state state;
	uint64_t size_bytes;
	uint64_t at_bytes;
	uint64_t resumed_bytes; /* bytes of an earlier run */
	int64_t begun_ms;
	int64_t ended_ms;
};

/* For blobs, or for layers that are unpacked or packed; the total of packing is not known. */
struct work {
	uint64_t done_bytes;
	uint64_t total_bytes;
	uint64_t fresh_bytes; /* of done_bytes, transferred in this run */
	unsigned done_count;
	unsigned total_count;
	int64_t begun_ms;
	int64_t last_ms;
};

enum { RATE_SAMPLES_COUNT = 16 };

struct activity {
	enum phase phase; /* of the blobs */
	struct blob_row *blobs;
	size_t blob_count;
	size_t found; /* the blob that was looked up last */
	unsigned reused_count;
	struct work packing;
	struct work unpacking;
	int64_t build_begun_ms; /* 0: none */
	int64_t build_ended_ms; /* 0: running */
	char *waited_for;       /* NULL: nothing */
	int64_t waiting_since_ms;
	int64_t waiting_seen_ms;
	int64_t next_request_ms; /* 0: none waits to be sent, or repeated */
	struct {
		int64_t at_ms;
		uint64_t bytes;
	} samples[RATE_SAMPLES_COUNT];
	size_t sample_count; /* taken so far; the last ones are kept */
};

void activity_hear(struct activity *activity, const struct event *event, int64_t now_ms);

/* The state of all blobs, summed up. */
struct work activity_moving(const struct activity *activity);

/* Bytes a second, of the last seconds; 0: not known. */
uint64_t activity_rate(struct activity *activity, int64_t now_ms);

bool activity_is_waiting(const struct activity *activity, int64_t now_ms);
bool activity_is_worth_telling(const struct activity *activity);
void activity_forget(struct activity *activity);

#endif
