/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <string.h>

#include "base/xalloc.h"

const struct command *
command_find_in(const struct command *const *commands, const char *name)
{
	for (; *commands; commands++) {
		if (strcmp((*commands)->name, name) == 0)
			return *commands;
	}
	return NULL;
}

const struct command *
command_find(const char *name)
{
	for (const struct command_group *group = command_groups; group->title; group++) {
		const struct command *command = command_find_in(group->commands, name);

		if (command)
			return command;
	}
	return NULL;
}

static void
list_names_of(const struct command *command, struct strings *names)
{
	if (!command->subcommands) {
		strings_add(names, command->name);
		return;
	}
	for (const struct command *const *sub = command->subcommands; *sub; sub++)
		strings_take(names, xasprintf("%s %s", command->name, (*sub)->name));
}

void
commands_list_names(struct strings *names)
{
	for (const struct command_group *group = command_groups; group->title; group++) {
		for (const struct command *const *command = group->commands; *command; command++)
			list_names_of(*command, names);
	}
}
