/* help.h - help as text, from the tables; the caller owns it, and it has no last line end */
#ifndef OCIFP_CLI_HELP_H
#define OCIFP_CLI_HELP_H

struct command;

/* `name` as typed: "store ls". */
char *help_of_command(const struct command *command, const char *name);
char *help_of_program(void);

#endif
