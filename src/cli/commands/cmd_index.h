/* cmd_index.h - `ocifp index`: what its subcommands share */
#ifndef OCIFP_CLI_COMMANDS_CMD_INDEX_H
#define OCIFP_CLI_COMMANDS_CMD_INDEX_H

#include <jansson.h>

struct command;
struct error;
struct strings;

/* "NAME=VALUE" each; NULL, ERROR_USAGE: one is not.  The caller's reference. */
json_t *annotations_parse(const struct strings *texts, struct error **err);

extern const struct command cmd_index_join;
extern const struct command cmd_index_ls;

#endif
