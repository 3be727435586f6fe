/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - parses the command line by tables of options
 *
 * getopt_long(3): options and operands in any order, "--name=value" or "--name value", joined
 * letters, "--" ends the options.  Long names are exact: an abbreviation in a script that is unique
 * today may be ambiguous in the next version.
 */
#ifndef OCIFP_CLI_OPTIONS_OPTIONS_H
#define OCIFP_CLI_OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"
#include "cli/command.h"

struct error;

/* The struct that a table's offsets refer to; `specs` NULL is an empty table. */
struct option_table {
	const struct option_spec *specs;
	void *values;
};

/* The words that are not options, in their order. */
struct operands {
	struct strings words;
	size_t options_end; /* set by the caller: the options end with this many words; 0: never */
	size_t error_at;    /* words before the first mistake */
	size_t named_count; /* those before "--"; options cannot follow that */
};

/* Skips argv[0].  Values point into argv.  After the first error the rest is still parsed, so that
 * --json and --status-file are obeyed wherever they are; the first error is ERROR_USAGE. argv[argc]
 * is NULL: musl looks for a value up to there, not up to argc. */
int options_parse(const struct option_table *tables, size_t table_count, int argc, char **argv,
		  struct operands *operands, struct error **err);

/* Frees the memory of lists among the values. */
void options_release(const struct option_table *tables, size_t table_count);

/* "auto|tty|plain": the argument is one of these words */
/* Lower case and a '|': not "IMAGE|REF". */
bool choice_is(const char *text, size_t size);
bool choice_has(const char *choice, const char *word);

#endif
