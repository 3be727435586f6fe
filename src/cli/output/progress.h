/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - shows the events of the lower layers to the user
 *
 * The cli's observer: counts for summaries, and on stderr notices, traces and progress.
 *
 *     tty    a block of lines, rewritten at most ten times a second: a line a blob, a line a
 *            phase; it stays when a phase is over
 *     plain  a line for each finished phase, and one every ten seconds; no carriage returns
 *     json   one object a line: {"event": ...}; the last one is "end"
 *     none   only notices
 *
 * Output never delays the work: if stderr is full, a line of progress is dropped and a notice waits
 * a moment.
 */
#ifndef OCIFP_CLI_OUTPUT_PROGRESS_H
#define OCIFP_CLI_OUTPUT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

struct observer;
struct progress;

struct progress_options {
	const char *mode; /* auto, tty, plain, json or none; NULL: auto */
	int fd;           /* stderr */
	bool quiet;
	bool verbose;
};

struct progress_counts {
	uint64_t requests;
	uint64_t retries;
	uint64_t packed_bytes;
	uint64_t planned_bytes;
	uint64_t moved_bytes;
	uint64_t reused_bytes;
	uint64_t layers_bytes;   /* compressed size of the layers to be unpacked */
	uint64_t unpacked_bytes; /* of these, already read */
	unsigned planned_blobs;
	unsigned finished_blobs;
	unsigned reused_blobs;
	int64_t started_ms; /* deadline_now_ms() at that time */
	int64_t moving_ms;  /* of the first blob that was planned */
};

struct progress *progress_new(const struct progress_options *options);
struct observer *progress_observer(struct progress *progress);
const struct progress_counts *progress_counts(const struct progress *progress);

/* "ocifp: <text>" unless quiet; a repeated text is not shown again. */
void progress_notice(struct progress *progress, const char *text);

/* Other output goes to the terminal next: leaves the block as it is. */
void progress_yield(struct progress *progress);

/* The work has ended with this exit status; from here on only notices are shown. */
void progress_end(struct progress *progress, int status);
void progress_free(struct progress *progress);
DEFINE_CLEANUP(struct progress, progress_free)
#define AUTO_PROGRESS CLEANUP(progress_free_at)

#endif
