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

void
commands_list_names(struct strings *names)
{
	for (const struct command_group *group = command_groups; group->title; group++) {
		for (const struct command *const *at = group->commands; *at; at++) {
			const struct command *const *sub = (*at)->subcommands;

			if (!sub)
				strings_add(names, (*at)->name);
			for (; sub && *sub; sub++)
				strings_take(names, xasprintf("%s %s", (*at)->name, (*sub)->name));
		}
	}
}
