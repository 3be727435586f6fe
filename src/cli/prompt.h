/* SPDX-License-Identifier: Apache-2.0 */
/* prompt.h - questions to the person at the terminal */
#ifndef OCIFP_CLI_PROMPT_H
#define OCIFP_CLI_PROMPT_H

#include <stdbool.h>

struct error;

/* One line from the controlling terminal, whatever standard input is; with `is_secret` what is
 * typed does not show.  The caller owns it.  ERROR_USAGE: there is no terminal, or nothing was
 * typed. */
char *prompt_line(const char *question, bool is_secret, struct error **err);

#endif
