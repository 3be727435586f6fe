/* SPDX-License-Identifier: Apache-2.0 */
/* foreign.h - the commands of docker, podman, skopeo, crane, regctl and oras, in our words */
#ifndef OCIFP_CLI_COMPLETE_FOREIGN_H
#define OCIFP_CLI_COMPLETE_FOREIGN_H

/* What does here what `word` does there; NULL: nothing is known of it. */
const char *foreign_command(const char *word);

/* The same for the words behind `store`, `index` and `cache`: "ls" for "list". */
const char *foreign_subcommand(const char *word);

#endif
