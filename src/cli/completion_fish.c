#include <string.h>

#include "base/cleanup.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/completion.h"
#include "cli/page.h"

/* Where a completion counts: "__fish_seen_subcommand_from store; and ..." */
static char *
condition_of(const struct completed *completed)
{
	if (!completed->parent)
		return xasprintf("__fish_seen_subcommand_from %s", completed->command->name);
	return xasprintf("__fish_seen_subcommand_from %s; and __fish_seen_subcommand_from %s",
			 completed->parent->name, completed->command->name);
}

static char *
format_argument(const struct option_spec *spec)
{
	AUTO_FREE char *words = NULL;

	switch (completion_argument(spec, &words)) {
	case ARGUMENT_FILE:
		return xstrdup(" -r -F");
	case ARGUMENT_DIRECTORY:
		return xstrdup(" -x -a '(__fish_complete_directories)'");
	case ARGUMENT_WORDS:
		return xasprintf(" -x -a '%s'", words);
	case ARGUMENT_OTHER:
		return xstrdup(" -x");
	case ARGUMENT_NONE:
		break;
	}
	return xstrdup("");
}

static void
add_option(struct page *page, const struct command *command, const char *condition,
	   const struct option_spec *spec)
{
	char letter = option_letter(command, spec);
	AUTO_FREE char *help = completion_quote(spec->help);
	AUTO_FREE char *argument = format_argument(spec);

	page_add(page, "complete -c ocifp -n '%s' -l %s", condition, spec->name);
	if (letter)
		page_add(page, " -s %c", letter);
	page_add(page, "%s -d %s\n", argument, help);
}

static void
add_command(struct page *page, const struct completed *completed)
{
	const struct option_spec *tables[COMPLETED_TABLES_LIMIT];
	size_t count = completion_tables(completed->command, tables);
	AUTO_FREE char *condition = condition_of(completed);
	AUTO_FREE char *operands = completion_operands(completed->command);

	for (size_t i = 0; i < count; i++) {
		for (const struct option_spec *spec = tables[i]; spec->name; spec++)
			add_option(page, completed->command, condition, spec);
	}
	if (operands)
		page_add(page, "complete -c ocifp -n '%s' -a '%s'\n", condition, operands);
	else
		page_add(page, "complete -c ocifp -n '%s' -F\n", condition);
}

static void
add_names(struct page *page, const char *condition, const struct command *const *commands)
{
	for (; *commands; commands++) {
		AUTO_FREE char *summary = completion_quote((*commands)->summary);

		page_add(page, "complete -c ocifp -n '%s' -a %s -d %s\n", condition,
			 (*commands)->name, summary);
	}
}

static void
add_subcommands(struct page *page, const struct command *command)
{
	AUTO_PAGE struct page condition = { 0 };

	if (!command->subcommands)
		return;
	page_add(&condition, "__fish_seen_subcommand_from %s", command->name);
	page_add(&condition, "; and not __fish_seen_subcommand_from");
	for (const struct command *const *sub = command->subcommands; *sub; sub++)
		page_add(&condition, " %s", (*sub)->name);
	add_names(page, condition.text, command->subcommands);
}

void
completion_fish(struct page *page)
{
	struct completed completed = { 0 };

	page_add(page, "# fish completion for ocifp\ncomplete -c ocifp -f\n");
	for (const struct command_group *group = command_groups; group->title; group++) {
		add_names(page, "__fish_use_subcommand", group->commands);
		for (const struct command *const *command = group->commands; *command; command++)
			add_subcommands(page, *command);
	}
	while (completion_next(&completed))
		add_command(page, &completed);
}
