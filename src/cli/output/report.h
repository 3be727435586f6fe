/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - the end of a run: the last line, the failure object, the status file
 *
 *     ocifp: <what>: <cause>; <hint>                      last line of stderr
 *     {"error": {status, kind, class, message, hint, http_status, code, request_id, retryable}}
 *
 * The object goes to stdout with --json if there is no result, and always to --status-file; there
 * `class` is null for success.
 */
#ifndef OCIFP_CLI_OUTPUT_REPORT_H
#define OCIFP_CLI_OUTPUT_REPORT_H

#include <jansson.h>

struct common_options;
struct context;
struct error;

/* `error` NULL: success. */
json_t *report_object(const struct error *error);

/* "<what>: <cause>; <hint>" on one line; the caller owns it. */
char *report_line(const struct error *error);

/* Reports the end; takes the error.  Returns the exit status. */
int report_end(struct context *context, struct error *error);

/* The same from another thread, if the first one does not end: reads no data that it may be
 * changing, and waits for nothing. */
int report_at_once(const struct common_options *options, struct error *error);

#endif
