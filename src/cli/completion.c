#include "cli/completion.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/xalloc.h"
#include "cli/choice.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/help.h"
#include "cli/page.h"

static const struct command *
first_of_groups(void)
{
	return command_groups[0].commands[0];
}

/* The command after `command` in the groups, NULL at the end. */
static const struct command *
next_of_groups(const struct command *command)
{
	bool is_behind = false;

	for (const struct command_group *group = command_groups; group->title; group++) {
		for (const struct command *const *at = group->commands; *at; at++) {
			if (is_behind)
				return *at;
			is_behind = *at == command;
		}
	}
	return NULL;
}

static bool
enter(struct completed *completed, const struct command *command)
{
	if (!command)
		return false;
	if (command->subcommands)
		*completed = (struct completed){ command, command->subcommands[0] };
	else
		*completed = (struct completed){ NULL, command };
	return true;
}

bool
completion_next(struct completed *completed)
{
	const struct command *const *sub;

	if (!completed->command)
		return enter(completed, first_of_groups());
	if (!completed->parent)
		return enter(completed, next_of_groups(completed->command));
	for (sub = completed->parent->subcommands; *sub != completed->command; sub++)
		;
	if (!sub[1])
		return enter(completed, next_of_groups(completed->parent));
	completed->command = sub[1];
	return true;
}

char *
completion_name(const struct completed *completed)
{
	if (!completed->parent)
		return xstrdup(completed->command->name);
	return xasprintf("%s %s", completed->parent->name, completed->command->name);
}

size_t
completion_tables(const struct command *command,
		  const struct option_spec *ret_tables[COMPLETED_TABLES_LIMIT])
{
	size_t count = 0;

	if (command->options)
		ret_tables[count++] = command->options;
	for (const struct common_group *group = common_groups; group->title; group++) {
		if (!group->group || (command->groups & group->group))
			ret_tables[count++] = group->specs;
	}
	return count;
}

static char *
words_of_choice(const char *choice, size_t size)
{
	char *words = xstrndup(choice, size);

	for (char *at = words; *at; at++) {
		if (*at == '|')
			*at = ' ';
	}
	return words;
}

enum argument_kind
completion_argument(const struct option_spec *spec, char **ret_words)
{
	if (!spec->argument)
		return ARGUMENT_NONE;
	if (strcmp(spec->argument, "FILE") == 0)
		return ARGUMENT_FILE;
	if (strcmp(spec->argument, "DIR") == 0)
		return ARGUMENT_DIRECTORY;
	if (spec->type == OPTION_PLATFORMS) {
		*ret_words = xstrdup("linux/amd64 linux/arm64");
		return ARGUMENT_WORDS;
	}
	if (!choice_is(spec->argument, strlen(spec->argument)))
		return ARGUMENT_OTHER;
	*ret_words = words_of_choice(spec->argument, strlen(spec->argument));
	return ARGUMENT_WORDS;
}

static char *
names_of_commands(void)
{
	AUTO_PAGE struct page page = { 0 };

	for (const struct command_group *group = command_groups; group->title; group++) {
		for (const struct command *const *command = group->commands; *command; command++)
			page_add(&page, "%s ", (*command)->name);
	}
	for (const struct help_topic *topic = help_topics; topic->name; topic++)
		page_add(&page, "%s%s", topic->name, topic[1].name ? " " : "");
	return xstrdup(page.text);
}

char *
completion_operands(const struct command *command)
{
	const char *usage = command->usage;

	if (strstr(usage, "[COMMAND [SUBCOMMAND]"))
		return names_of_commands();
	while (*usage) {
		size_t size = strcspn(usage, " []");

		if (choice_is(usage, size))
			return words_of_choice(usage, size);
		usage += size;
		usage += strspn(usage, " []");
	}
	return NULL;
}

char *
completion_quote(const char *text)
{
	AUTO_PAGE struct page page = { 0 };

	page_add(&page, "'");
	while (*text) {
		size_t plain = strcspn(text, "'");

		page_add(&page, "%.*s%s", (int)plain, text, text[plain] ? "'\\''" : "");
		text += plain + (text[plain] ? 1 : 0);
	}
	page_add(&page, "'");
	return xstrdup(page.text);
}
