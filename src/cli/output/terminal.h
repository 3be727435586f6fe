/* SPDX-License-Identifier: Apache-2.0 */
/* colour.h - a few colours, where a terminal has them: no-color.org, TERM */
#ifndef OCIFP_CLI_OUTPUT_COLOUR_H
#define OCIFP_CLI_OUTPUT_COLOUR_H

#include <stdbool.h>

/* A terminal whose lines can be written again: not "dumb". */
bool terminal_is_rewritable(int fd);
bool colour_is_wanted(int fd);

enum colour { COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_CYAN };

/* `text` in that colour, or as it is; the caller owns it. */
char *coloured(const char *text, enum colour colour, bool is_wanted);

#endif
