/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - all commands, in the groups in which `help` lists them */
#ifndef OCIFP_CLI_COMMANDS_H
#define OCIFP_CLI_COMMANDS_H

#include "cli/command.h"

struct command_group {
	const char *title;                     /* NULL ends the table */
	const struct command *const *commands; /* NULL-terminated */
};

extern const struct command_group command_groups[]; /* main.c */

extern const struct command cmd_append;
extern const struct command cmd_attach;
extern const struct command cmd_auth;
extern const struct command cmd_blob;
extern const struct command cmd_cache;
extern const struct command cmd_completion;
extern const struct command cmd_copy;
extern const struct command cmd_digest;
extern const struct command cmd_doctor;
extern const struct command cmd_ensure;
extern const struct command cmd_exists;
extern const struct command cmd_fingerprint;
extern const struct command cmd_help;
extern const struct command cmd_index;
extern const struct command cmd_init;
extern const struct command cmd_inspect;
extern const struct command cmd_lock;
extern const struct command cmd_login;
extern const struct command cmd_logout;
extern const struct command cmd_manifest;
extern const struct command cmd_flatten;
extern const struct command cmd_mutate;
extern const struct command cmd_prune;
extern const struct command cmd_pull;
extern const struct command cmd_push;
extern const struct command cmd_run;
extern const struct command cmd_runner_hook;
extern const struct command cmd_shell;
extern const struct command cmd_sign;
extern const struct command cmd_rebase;
extern const struct command cmd_referrers;
extern const struct command cmd_remove;
extern const struct command cmd_store;
extern const struct command cmd_tag;
extern const struct command cmd_tags;
extern const struct command cmd_tree;
extern const struct command cmd_cat;
extern const struct command cmd_export;
extern const struct command cmd_unpack;
extern const struct command cmd_verify;
extern const struct command cmd_version;
extern const struct command cmd_why;

/* NULL: none has this name. */
const struct command *command_find(const char *name);
const struct command *command_find_in(const struct command *const *commands, const char *name);

/* The names, those of subcommands too ("store ls"), in the order of the groups. */
void commands_list_names(struct strings *names);

#endif
