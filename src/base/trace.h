/* SPDX-License-Identifier: Apache-2.0 */
/* trace.h - the file of --trace: what the process did when, in Chrome's trace event format
 *
 * A JSON array of one event a line, which Perfetto and chrome://tracing show.  Each event is
 * written at once, so that an interrupted run leaves all of them; only the closing bracket is then
 * missing, which both accept.  Times are microseconds since trace_open().  Spans in one row have to
 * nest; overlapping ones need rows of their own.  Without trace_open() all functions do nothing.
 * Any thread may call; a forked child writes nothing.
 *
 * A span's text must not contain header values, queries of URLs or arguments of programs.
 */
#ifndef OCIFP_BASE_TRACE_H
#define OCIFP_BASE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct error;

/* Replaces the content of a regular file, with mode 0600.  `title` names the whole run. */
int trace_open(const char *path, const char *title, struct error **err);
bool trace_is_on(void);
int64_t trace_now_us(void); /* 0 when there is no trace */

/* A new row under this title; 0 when there is no trace. */
unsigned trace_row(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* `row` 0: the calling thread's row.  A span with `begun_us` 0 was not measured and is not written.
 * Keeps errno. */
void trace_span(const char *name, unsigned row, int64_t begun_us, int64_t ended_us,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Writes the span of the whole run and the closing bracket.  ERROR_LOCAL: the file is incomplete.
 */
int trace_close(struct error **err);

#endif
