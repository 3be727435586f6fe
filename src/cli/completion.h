/* completion.h - scripts that let shells complete our command lines, made from the tables
 *
 * What an option's argument is called says how it is completed: "FILE" and "DIR" by paths, lower
 * case with '|' ("auto|never") by these words, anything else not at all.  A word of that form in a
 * command's usage completes its operands.
 */
#ifndef OCIFP_CLI_COMPLETION_H
#define OCIFP_CLI_COMPLETION_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/command.h"

struct page;

void completion_bash(struct page *page);
void completion_zsh(struct page *page);
void completion_fish(struct page *page);

/* A command that can run. */
struct completed {
	const struct command *parent; /* NULL: not a subcommand */
	const struct command *command;
};

enum { COMPLETED_TABLES_LIMIT = 8 };

/* The next one after `previous` ({ 0 } to begin); false at the end. */
bool completion_next(struct completed *completed);

/* "store ls"; the caller owns it. */
char *completion_name(const struct completed *completed);

/* The tables of options it takes, its own first; returns how many. */
size_t completion_tables(const struct command *command,
			 const struct option_spec *ret_tables[COMPLETED_TABLES_LIMIT]);

enum argument_kind {
	ARGUMENT_NONE,
	ARGUMENT_FILE,
	ARGUMENT_DIRECTORY,
	ARGUMENT_WORDS,
	ARGUMENT_OTHER
};

/* *ret_words, for ARGUMENT_WORDS, is "auto never"; the caller owns it. */
enum argument_kind completion_argument(const struct option_spec *spec, char **ret_words);

/* What its operands may be, "bash zsh fish"; NULL: paths, for all we know.  The caller owns it. */
char *completion_operands(const struct command *command);

/* In single quotes, for bash, zsh or fish; the caller owns it. */
char *completion_quote(const char *text);

#endif
