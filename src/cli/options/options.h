/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - the command line, read by tables of options
 *
 * getopt_long(3): options and operands in any order, "--name=value" or "--name value", letters
 * joined, "--" ends the options.  Long names are exact: an abbreviation that is unique today is
 * ambiguous in the next version, in somebody's script.
 */
#ifndef OCIFP_CLI_OPTIONS_OPTIONS_H
#define OCIFP_CLI_OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"
#include "cli/command.h"

struct error;

/* Where the offsets of a table point into; `specs` NULL is an empty table. */
struct option_table {
	const struct option_spec *specs;
	void *values;
};

/* The words that are not options, in their order. */
struct operands {
	struct strings words;
	size_t options_end; /* set by the caller: with so many words the options end; 0: never */
	size_t error_at;    /* words before the first mistake */
	size_t named_count; /* those before "--": of what follows none is meant as an option */
};

/* argv[0] is skipped.  Values point into argv.  After the first error the rest is still read, so
 * that --json and --status-file count wherever they stand; the first error is ERROR_USAGE.
 * argv[argc] is NULL: with musl a value is looked for up to there, and not up to argc. */
int options_parse(const struct option_table *tables, size_t table_count, int argc, char **argv,
		  struct operands *operands, struct error **err);

/* Frees what the lists among the values hold. */
void options_release(const struct option_table *tables, size_t table_count);

/* "auto|tty|plain": an argument that is one of a few words */
/* Lower case and a '|': not "IMAGE|REF". */
bool choice_is(const char *text, size_t size);
bool choice_has(const char *choice, const char *word);

#endif
