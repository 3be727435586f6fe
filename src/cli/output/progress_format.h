/* SPDX-License-Identifier: Apache-2.0 */
/* progress_format.h - progress in words: pieces of progress.c */
#ifndef OCIFP_CLI_OUTPUT_PROGRESS_FORMAT_H
#define OCIFP_CLI_OUTPUT_PROGRESS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct activity;
struct progress_counts;
struct strings;

/* The terminal that the lines are for. */
struct screen_size {
	size_t columns;
	size_t rows;
	bool has_colour;
};

/* A row a blob, a line a phase, what is waited for: at most a screenful, each shorter than the
 * screen is wide.  `is_over`: with what has come about, not what goes on. */
void progress_format_screen(struct activity *activity, int64_t now_ms,
			    const struct screen_size *size, bool with_blobs, bool is_over,
			    struct strings *ret_lines);

/* One line of a log: how far the phase is that goes on.  NULL: none.  The caller owns it. */
char *progress_format_status(struct activity *activity, int64_t now_ms);

/* One line a phase: what it has done. */
void progress_format_phases(const struct activity *activity, int64_t now_ms,
			    struct strings *ret_lines);

/* {"event": "progress", ...}, or "end" with the exit status. */
char *progress_format_json(struct activity *activity, const struct progress_counts *counts,
			   int64_t now_ms, const int *status);
char *progress_format_event(const char *event, const char *text);

#endif
