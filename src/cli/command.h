/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - one command: its name, its options, its function
 *
 * Each cmd_*.c ends with a `const struct command`; main.c lists them.  Dispatch, --help, completion
 * and `help` use that table; a test compares the manual pages with it.
 *
 * To add a command: src/cli/cmd_NAME.c, its lines in commands.h, main.c and src/cli/local.mk,
 * man/ocifp-NAME.1 and its line in man/local.mk, a test in tests/cli/.
 */
#ifndef OCIFP_CLI_COMMAND_H
#define OCIFP_CLI_COMMAND_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"

struct context;
struct error;

enum option_type {
	OPTION_FLAG,      /* bool */
	OPTION_STRING,    /* const char *; the last one wins */
	OPTION_STRINGS,   /* struct strings; each use adds one */
	OPTION_UINT,      /* unsigned, at least 1; 0 means not given */
	OPTION_DURATION,  /* int64_t, milliseconds */
	OPTION_SIZE,      /* uint64_t, bytes, at least 1 */
	OPTION_PLATFORMS, /* struct platforms; each use adds those of a comma-separated list */
	OPTION_REFUSED,   /* always refused; `help` is the reason */
};

struct option_spec {
	const char *name; /* without "--"; NULL ends the table */
	char letter;      /* 0: none */
	enum option_type type;
	size_t offset;        /* in the command's struct of values */
	const char *argument; /* "FILE"; "auto|never": one of these; NULL for a flag */
	const char *help;     /* lower case, no full stop, one line */
};

/* Options that several commands share; their values are in struct context. */
enum option_group {
	OPTIONS_NETWORK = 1 << 0, /* --tls-ca, --plain-http, --username ... */
	OPTIONS_STORE = 1 << 1,   /* --store, --lock-timeout */
	OPTIONS_PROJECT = 1 << 2, /* --file, --directory */
	OPTIONS_PROMPT = 1 << 3,  /* no options: --username is allowed alone, and the command asks
				     for the password */
};

#define OPERANDS_ANY UINT_MAX

struct command {
	const char *name;                  /* as typed */
	const char *summary;               /* one line for the list: lower case, no full stop */
	const char *usage;                 /* as in SYNOPSIS: "[--by-hash] [IMAGE|REF]" */
	const struct option_spec *options; /* NULL: only the common ones */
	const struct option_spec *other_options; /* the same, but neither listed nor completed:
						    options of other programs */
	const struct command *const
		*subcommands; /* NULL-terminated; then only name, summary count */
	size_t values_size;   /* of the struct that option offsets point into, zeroed before parsing
			       */
	unsigned groups;
	unsigned operands_min;
	unsigned operands_max;

	bool runs_job; /* exit statuses below 124 are the job's; our failures are 125 */

	/* For an option after the first operand that was not understood: may replace *err if
	 * that operand explains it.  NULL: never. */
	void (*explain)(struct context *context, const struct strings *operands,
			struct error **err);

	/* -1 with *err, whose kind is the exit status. */
	int (*run)(struct context *context, const void *values, const struct strings *operands,
		   struct error **err);
};

#endif
