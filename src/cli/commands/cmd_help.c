/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/complete/foreign.h"
#include "cli/context.h"
#include "cli/help.h"
#include "cli/output/page.h"
#include "oci/document.h"

struct help_values {
	bool list;
	bool all;
};

static const struct option_spec help_options[] = {
	{ "all", 0, OPTION_FLAG, offsetof(struct help_values, all), NULL,
	  "show all options of the command" },
	{ "list", 0, OPTION_FLAG, offsetof(struct help_values, list), NULL,
	  "print the names of all commands, one per line" },
	{ 0 },
};

static int
show(struct context *context, char *text, struct error **err)
{
	AUTO_FREE char *shown = text;

	return context_result(context, shown, json_pack("{s:s}", "help", shown), err);
}

static char *
find_topic(const struct strings *operands)
{
	for (const struct help_topic *topic = help_topics; topic->name; topic++) {
		if (operands->count == 1 && strcmp(topic->name, operands->items[0]) == 0)
			return topic->text();
	}
	return NULL;
}

static int
show_command(struct context *context, const struct strings *operands, bool all, struct error **err)
{
	const struct command *command = command_find(operands->items[0]);
	const struct command *sub = NULL;
	AUTO_FREE char *name = NULL;

	if (command && operands->count == 1)
		return show(context, help_of_command(command, command->name, all), err);
	if (command && command->subcommands)
		sub = command_find_in(command->subcommands, operands->items[1]);
	if (!sub) {
		const char *ours = foreign_command(operands->items[0]);
		AUTO_STRINGS struct strings names = { 0 };
		AUTO_FREE char *second =
			operands->count > 1 ? text_quote_string(operands->items[1]) : NULL;

		error_set(err, ERROR_USAGE, "'%s%s%s' is not a command", QUOTED(operands->items[0]),
			  second ? " " : "", second ? second : "");
		if (ours)
			return error_set_hint(err, "%s", ours);
		commands_list_names(&names);
		if (operands->count == 1 && suggest_hint(err, &names, operands->items[0]))
			return -1;
		return error_set_hint(err, "see 'ocifp help'");
	}
	name = xasprintf("%s %s", command->name, sub->name);
	return show(context, help_of_command(sub, name, all), err);
}

static int
run_help(struct context *context, const void *values, const struct strings *operands,
	 struct error **err)
{
	const struct help_values *help = values;
	char *topic;

	if (help->list) {
		AUTO_STRINGS struct strings names = { 0 };
		AUTO_PAGE struct page page = { 0 };

		commands_list_names(&names);
		for (size_t i = 0; i < names.count; i++)
			page_add(&page, "%s\n", names.items[i]);
		return context_result_page(
			context, &page, json_pack("{s:o}", "commands", json_strings(&names)), err);
	}
	if (operands->count == 0)
		return show(context, help_of_program(), err);
	topic = find_topic(operands);
	return topic ? show(context, topic, err) : show_command(context, operands, help->all, err);
}

const struct command cmd_help = {
	.name = "help",
	.summary = "show help for a command or a topic",
	.usage = "[--all] [--list] [COMMAND [SUBCOMMAND]|TOPIC]",
	.options = help_options,
	.values_size = sizeof(struct help_values),
	.operands_max = 2,
	.run = run_help,
};
