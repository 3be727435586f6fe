/* SPDX-License-Identifier: Apache-2.0 */
/* foreign.h - hints for commands of docker, podman, skopeo, crane, regctl and oras */
#ifndef OCIFP_CLI_COMPLETE_FOREIGN_H
#define OCIFP_CLI_COMPLETE_FOREIGN_H

/* The hint for another program's command `word`; NULL: unknown. */
const char *foreign_command(const char *word);

/* The same for a word after `store`, `index` and `cache`: "ls" for "list". */
const char *foreign_subcommand(const char *word);

#endif
