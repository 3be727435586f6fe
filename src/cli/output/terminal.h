/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.h - the abilities of a terminal: rewritten lines and colours
 *
 * And the bytes that it may receive.  By TERM and NO_COLOR (no-color.org).
 */
#ifndef OCIFP_CLI_OUTPUT_TERMINAL_H
#define OCIFP_CLI_OUTPUT_TERMINAL_H

#include <stdbool.h>

struct sink;

/* A terminal whose lines can be written again: not "dumb". */
bool terminal_is_rewritable(int fd);
bool terminal_has_colours(int fd);

enum colour { COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_CYAN };

/* `text` in that colour, or as it is; the caller owns it. */
char *terminal_coloured(const char *text, enum colour colour, bool is_wanted);

/* Writes text to a terminal; a control character that the terminal would execute is ERROR_USAGE. */
struct sink *sink_terminal(int fd, const char *what);

/* Standard output, as it is or as a terminal. */
struct sink *sink_stdout(void);

#endif
