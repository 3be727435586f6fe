/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - what the layers below tell, as the user sees it
 *
 * The cli's observer: counts for summaries, and on stderr notices, traces and how far it is.
 *
 *     tty    a block of lines that is written again, ten times a second at most: a line a blob, a
 *            line a phase; it stays when a phase is over
 *     plain  a line a phase when it is over, and one in ten seconds; never a carriage return
 *     json   one object a line: {"event": ...}; the last one is "end"
 *     none   notices alone
 *
 * Showing never holds up the work: when stderr is full, a line of progress is left out and a
 * notice waits a moment.
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
	uint64_t layers_bytes;   /* compressed, of the layers that are to be unpacked */
	uint64_t unpacked_bytes; /* of these, those that were read */
	unsigned planned_blobs;
	unsigned finished_blobs;
	unsigned reused_blobs;
	int64_t started_ms; /* deadline_now_ms() then */
	int64_t moving_ms;  /* of the first blob that was planned */
};

struct progress *progress_new(const struct progress_options *options);
struct observer *progress_observer(struct progress *progress);
const struct progress_counts *progress_counts(const struct progress *progress);

/* "ocifp: <text>" unless quiet; one that was shown before is not shown again. */
void progress_notice(struct progress *progress, const char *text);

/* Something else is written to the terminal: leaves the block as it ends. */
void progress_yield(struct progress *progress);

/* The work is over, with this exit status; notices alone are shown from here on. */
void progress_end(struct progress *progress, int status);
void progress_free(struct progress *progress);
DEFINE_CLEANUP(struct progress, progress_free)
#define AUTO_PROGRESS CLEANUP(progress_free_at)

#endif
