/* SPDX-License-Identifier: Apache-2.0 */
/* progress_format.h - formats progress for progress.c */
#ifndef OCIFP_CLI_OUTPUT_PROGRESS_FORMAT_H
#define OCIFP_CLI_OUTPUT_PROGRESS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct activity;
struct progress_counts;
struct strings;

/* The terminal for the lines. */
struct screen_size {
	size_t columns;
	size_t rows;
	bool has_colour;
};

/* A row for each blob, a line for each phase and wait: at most a screenful, in lines shorter than
 * the screen's width.  `is_over`: results instead of running transfers. */
void progress_format_screen(struct activity *activity, int64_t now_ms,
			    const struct screen_size *size, bool with_blobs, bool is_over,
			    struct strings *ret_lines);

/* One line for a log about the running phase.  NULL: none.  The caller owns it. */
char *progress_format_status(struct activity *activity, int64_t now_ms);

/* A line for each phase with its result. */
void progress_format_phases(const struct activity *activity, int64_t now_ms,
			    struct strings *ret_lines);

/* {"event": "progress", ...}, or "end" with the exit status. */
char *progress_format_json(struct activity *activity, const struct progress_counts *counts,
			   int64_t now_ms, const int *status);
char *progress_format_event(const char *event, const char *text);

#endif
