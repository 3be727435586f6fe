/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - one line for people, made harmless, and written without waiting long */
#ifndef OCIFP_CLI_OUTPUT_LINE_H
#define OCIFP_CLI_OUTPUT_LINE_H

#include <stdbool.h>

/* A text that is safe in a line of a terminal or a log: no control characters, no bidirectional
 * overrides, no broken UTF-8, no "##[".  Text from text_quote() is not changed.  At most
 * LINE_LIMIT_BYTES, cut with "...".  The caller owns it. */
char *line_clean(const char *text);

#define LINE_LIMIT_BYTES 4096 /* PIPE_BUF: a pipe that polls writable accepts this much at once */

/* False, and the rest is lost, if the reader does not accept it within `most_wait_ms`. */
bool line_write(int fd, const char *line, int most_wait_ms);

/* "ocifp: <text>\n" on stderr. */
void line_say(const char *text, int most_wait_ms);

#endif
