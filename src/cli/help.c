/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/options/common_options.h"
#include "cli/output/page.h"
#include "oci/document.h"
#include "project/project_schema.h"

enum { NAME_COLUMNS = 14, OPTION_COLUMNS = 26, LINE_COLUMNS = 80 };

/* The text from column `indent` on, in lines shorter than LINE_COLUMNS. */
static void
print_wrapped(struct page *page, const char *text, size_t indent)
{
	size_t column = indent;

	while (*text) {
		size_t size = strcspn(text, " ");

		if (column > indent && column + 1 + size >= LINE_COLUMNS) {
			page_add(page, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			page_add(page, " ");
			column++;
		}
		page_add(page, "%.*s", (int)size, text);
		column += size;
		text += size + strspn(text + size, " ");
	}
	page_add(page, "\n");
}

static void
print_option(struct page *page, const struct option_spec *spec, char letter)
{
	char shown[] = { '-', letter, ',', ' ', '\0' };
	AUTO_FREE char *left =
		xasprintf("%s--%s%s%s", letter ? shown : "    ", spec->name,
			  spec->argument ? " " : "", spec->argument ? spec->argument : "");

	if (strlen(left) > OPTION_COLUMNS)
		page_add(page, "  %s\n%*s", left, OPTION_COLUMNS + 4, "");
	else
		page_add(page, "  %-*s  ", OPTION_COLUMNS, left);
	print_wrapped(page, spec->help, OPTION_COLUMNS + 4);
}

/* Options to show first for commands whose table starts with others. */
static const struct {
	const char *command;
	const char *options;
} first_options[] = {
	{ "run", " volume env user workdir interactive tty " },
	{ "shell", " volume env user workdir read-only net " },
	{ "push", " tag platform no-clobber by-hash input owner " },
	{ "ensure", " push wait no-build rebuild all offline " },
};

enum { FIRST_OPTIONS_COUNT = 6 };

/* Whether the overview shows the command's option number `index`. */
static bool
is_first(const struct command *command, const struct option_spec *spec, size_t index)
{
	AUTO_FREE char *word = xasprintf(" %s ", spec->name);

	for (size_t i = 0; i < COUNT_OF(first_options); i++)
		if (strcmp(first_options[i].command, command->name) == 0)
			return strstr(first_options[i].options, word);
	return index < FIRST_OPTIONS_COUNT;
}

/* The number of options that are not shown. */
static size_t
print_first_options(struct page *page, const struct command *command)
{
	const struct option_spec *specs = command->options;
	size_t count = 0;
	size_t shown = 0;

	for (; specs && specs[count].name; count++) {
		if (!is_first(command, &specs[count], count))
			continue;
		if (shown++ == 0)
			page_add(page, "\nOptions:\n");
		print_option(page, &specs[count], specs[count].letter);
	}
	return count - shown;
}

static void
print_options(struct page *page, const struct command *command, const char *title,
	      const struct option_spec *specs)
{
	if (!specs || !specs->name)
		return;
	page_add(page, "\n%s:\n", title);
	for (; specs->name; specs++) {
		char letter = specs->letter;

		if (command)
			letter = option_letter(command, specs);
		print_option(page, specs, letter);
	}
}

static void
print_summary(struct page *page, const char *name, const char *summary)
{
	page_add(page, "  %-*s ", NAME_COLUMNS, name);
	print_wrapped(page, summary, NAME_COLUMNS + 3);
}

static void
print_overview(struct page *page, const struct command *command, const char *name)
{
	size_t more = print_first_options(page, command);
	bool has_shown = command->options && command->options->name;

	for (const struct common_group *group = common_groups; group->title; group++)
		if (!group->group || (command->groups & group->group))
			for (const struct option_spec *spec = group->specs; spec->name; spec++)
				more++;
	page_add(page, "\n'ocifp %s --help-all' shows %zu %soptions.", name, more,
		 has_shown ? "more " : "");
}

static void
print_all_options(struct page *page, const struct command *command)
{
	print_options(page, command, "Options", command->options);
	for (const struct common_group *group = common_groups; group->title; group++)
		if (!group->group || (command->groups & group->group))
			print_options(page, command, group->title, group->specs);
}

char *
help_of_command(const struct command *command, const char *name, bool all)
{
	AUTO_PAGE struct page page = { 0 };
	const char *usage = command->usage ? command->usage : "";
	AUTO_FREE char *line = NULL;

	if (command->subcommands)
		usage = "COMMAND ...";
	line = xasprintf("ocifp %s [OPTIONS] %s", name, usage);
	page_add(&page, "usage: ");
	print_wrapped(&page, line, strlen("usage: "));
	print_wrapped(&page, command->summary, 0);
	if (command->subcommands) {
		page_add(&page, "\nCommands:\n");
		for (const struct command *const *sub = command->subcommands; *sub; sub++)
			print_summary(&page, (*sub)->name, (*sub)->summary);
	} else if (all)
		print_all_options(&page, command);
	else
		print_overview(&page, command, name);
	page_add(&page, "\nThe manual: man ocifp-%.*s", (int)strcspn(name, " "), name);
	return page_take(&page);
}

static char *
help_of_common_options(void)
{
	AUTO_PAGE struct page page = { 0 };

	page_add(&page, "options that commands share\n");
	for (const struct common_group *group = common_groups; group->title; group++)
		print_options(&page, NULL, group->title, group->specs);
	return page_take(&page);
}

static char *
help_of_exit_status(void)
{
	AUTO_PAGE struct page page = { 0 };

	page_add(&page, "what the program ends with\n\n");
	for (const struct exit_status *status = exit_statuses; status->name; status++)
		page_add(&page, "  %3d  %s\n", status->number, status->text);
	return page_take(&page);
}

static char *
help_of_schema(void)
{
	AUTO_JSON json_t *schema = project_schema();

	return json_dumps(schema, JSON_INDENT(2) | JSON_SORT_KEYS);
}

const struct help_topic help_topics[] = {
	{ "options", "the options that commands share", help_of_common_options },
	{ "exit-status", "the exit status", help_of_exit_status },
	{ "schema", "the project file as JSON Schema, for editors", help_of_schema },
	{ 0 },
};

char *
help_of_program(void)
{
	AUTO_PAGE struct page page = { 0 };

	page_add(&page, "usage: ocifp COMMAND [OPTIONS] [OPERANDS]\n");
	for (const struct command_group *group = command_groups; group->title; group++) {
		page_add(&page, "\n%s\n", group->title);
		for (const struct command *const *command = group->commands; *command; command++)
			print_summary(&page, (*command)->name, (*command)->summary);
	}
	page_add(&page, "\nmore help\n");
	for (const struct help_topic *topic = help_topics; topic->name; topic++)
		print_summary(&page, topic->name, topic->summary);
	page_add(&page, "\n'ocifp help NAME' tells more of one of these; the manual is ocifp(1).");
	return page_take(&page);
}
