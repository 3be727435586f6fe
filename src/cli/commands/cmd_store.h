/* cmd_store.h - subcommands of `ocifp store` that have a file of their own */
#ifndef OCIFP_CLI_COMMANDS_CMD_STORE_H
#define OCIFP_CLI_COMMANDS_CMD_STORE_H

#include "cli/command.h"

extern const struct command cmd_store_rm;

#endif
