/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - one line for a person: harmless, and never waited for too long */
#ifndef OCIFP_CLI_OUTPUT_LINE_H
#define OCIFP_CLI_OUTPUT_LINE_H

#include <stdbool.h>

/* What may stand in one line of a terminal or a log: no control characters, no bidirectional
 * overrides, no broken UTF-8, no "##[".  Text that went through text_quote() stays as it is.  At
 * most LINE_LIMIT_BYTES, cut with "...".  The caller owns it. */
char *line_clean(const char *text);

#define LINE_LIMIT_BYTES 4096 /* PIPE_BUF: what a pipe that polls writable takes at once */

/* False, with the rest of it lost, when the reader does not take it within `most_wait_ms`. */
bool line_write(int fd, const char *line, int most_wait_ms);

/* "ocifp: <text>\n" on stderr. */
void line_say(const char *text, int most_wait_ms);

#endif
