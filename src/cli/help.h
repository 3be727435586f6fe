/* SPDX-License-Identifier: Apache-2.0 */
/* help.h - help texts, made from the tables; the caller owns them, and they lack the last line end
 */
#ifndef OCIFP_CLI_HELP_H
#define OCIFP_CLI_HELP_H

#include <stdbool.h>

struct command;

/* `name` as typed: "store ls".  Without `all`, six options at most. */
char *help_of_command(const struct command *command, const char *name, bool all);
char *help_of_program(void);

/* Other topics: the common options, the exit status.  NULL: no such topic. */
struct help_topic {
	const char *name; /* NULL ends the table */
	const char *summary;
	char *(*text)(void);
};

extern const struct help_topic help_topics[];

#endif
