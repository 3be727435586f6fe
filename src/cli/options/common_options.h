/* SPDX-License-Identifier: Apache-2.0 */
/* common_options.h - the common options, and the settings that follow from them */
#ifndef OCIFP_CLI_OPTIONS_COMMON_OPTIONS_H
#define OCIFP_CLI_OPTIONS_COMMON_OPTIONS_H

#include <stddef.h>

struct command;
struct common_options;
struct error;
struct option_spec;

/* One group of options as help shows it; their offsets are in struct common_options. */
struct common_group {
	unsigned group;    /* of enum option_group; 0: every command has these */
	const char *title; /* NULL ends the table */
	const struct option_spec *specs;
};

extern const struct common_group common_groups[];

/* Refuses contradictions, reads the password, derives other options.  `groups` are the command's.
 */
int common_options_finish(struct common_options *options, unsigned groups, struct error **err);
void common_options_release(struct common_options *options);

/* The letter of a common option that the command accepts; 0: none, or the command uses it itself.
 */
char option_letter(const struct command *command, const struct option_spec *spec);

/* the operand of commands about a registry instead of an image */
/* In lower case; the caller owns it.  ERROR_USAGE: no host, or more than a host. */
char *registry_host_parse(const char *operand, struct error **err);

#endif
