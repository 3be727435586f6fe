#include <string.h>

#include "base/cleanup.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/completion.h"
#include "cli/page.h"

/* _arguments and _describe take ':' and brackets for their own. */
static char *
escape(const char *text)
{
	AUTO_PAGE struct page page = { 0 };

	for (; *text; text++)
		page_add(&page, "%s%c", strchr(":[]\\", *text) ? "\\" : "", *text);
	return xstrdup(page.text ? page.text : "");
}

static char *
format_argument(const struct option_spec *spec)
{
	AUTO_FREE char *words = NULL;

	switch (completion_argument(spec, &words)) {
	case ARGUMENT_FILE:
		return xasprintf(":%s:_files", spec->argument);
	case ARGUMENT_DIRECTORY:
		return xasprintf(":%s:_files -/", spec->argument);
	case ARGUMENT_WORDS:
		return xasprintf(":%s:(%s)", spec->name, words);
	case ARGUMENT_OTHER:
		return xasprintf(":%s: ", spec->argument);
	case ARGUMENT_NONE:
		break;
	}
	return xstrdup("");
}

static bool
is_repeatable(const struct option_spec *spec)
{
	return spec->type == OPTION_STRINGS || spec->type == OPTION_PLATFORMS;
}

static void
add_option(struct page *page, const struct command *command, const struct option_spec *spec)
{
	char letter = option_letter(command, spec);
	AUTO_FREE char *help = escape(spec->help);
	AUTO_FREE char *argument = format_argument(spec);
	AUTO_FREE char *rest = xasprintf("[%s]%s", help, argument);
	AUTO_FREE char *quoted = completion_quote(rest);
	const char *star = is_repeatable(spec) ? "\\*" : "";

	page_add(page, " \\\n\t\t\t%s--%s%s%s", star, spec->name, spec->argument ? "=" : "",
		 quoted);
	if (letter)
		page_add(page, " \\\n\t\t\t%s-%c%s%s", star, letter, spec->argument ? "+" : "",
			 quoted);
}

static void
add_arguments(struct page *page, const struct completed *completed)
{
	const struct option_spec *tables[COMPLETED_TABLES_LIMIT];
	size_t count = completion_tables(completed->command, tables);
	AUTO_FREE char *name = completion_name(completed);
	AUTO_FREE char *operands = completion_operands(completed->command);

	page_add(page, "\t'%s')\n\t\t_arguments -s -S", name);
	for (size_t i = 0; i < count; i++) {
		for (const struct option_spec *spec = tables[i]; spec->name; spec++)
			add_option(page, completed->command, spec);
	}
	if (operands)
		page_add(page, " \\\n\t\t\t'*:operand:(%s)'\n\t\t;;\n", operands);
	else
		page_add(page, " \\\n\t\t\t'*:operand:_files'\n\t\t;;\n");
}

static void
add_described(struct page *page, const struct command *const *commands)
{
	for (; *commands; commands++) {
		AUTO_FREE char *summary = escape((*commands)->summary);
		AUTO_FREE char *line = xasprintf("%s:%s", (*commands)->name, summary);
		AUTO_FREE char *quoted = completion_quote(line);

		page_add(page, "\t\t\t%s\n", quoted);
	}
}

static void
add_subcommands(struct page *page, const struct command *const *commands)
{
	for (; *commands; commands++) {
		if (!(*commands)->subcommands)
			continue;
		page_add(page, "\t%s)\n\t\tsubcommands=(\n", (*commands)->name);
		add_described(page, (*commands)->subcommands);
		page_add(page, "\t\t)\n\t\t;;\n");
	}
}

static const char middle[] = "\tif (( CURRENT == 2 )); then\n"
			     "\t\t_describe command commands\n"
			     "\t\treturn\n"
			     "\tfi\n"
			     "\tshift words\n"
			     "\t(( CURRENT-- ))\n"
			     "\tif (( $#subcommands && CURRENT == 2 )); then\n"
			     "\t\t_describe subcommand subcommands\n"
			     "\t\treturn\n"
			     "\tfi\n"
			     "\tif (( $#subcommands )); then\n"
			     "\t\tname=\"$name $words[2]\"\n"
			     "\t\tshift words\n"
			     "\t\t(( CURRENT-- ))\n"
			     "\tfi\n"
			     "\tcase $name in\n";

/* As a file in $fpath it runs at once; read by `source` it makes itself known. */
static const char tail[] = "\tesac\n"
			   "}\n"
			   "if [[ $funcstack[1] == _ocifp ]]; then\n"
			   "\t_ocifp \"$@\"\n"
			   "else\n"
			   "\tcompdef _ocifp ocifp\n"
			   "fi\n";

void
completion_zsh(struct page *page)
{
	struct completed completed = { 0 };

	page_add(page, "#compdef ocifp\n_ocifp()\n{\n\tlocal name=$words[2]\n"
		       "\tlocal -a commands subcommands\n\tcommands=(\n");
	for (const struct command_group *group = command_groups; group->title; group++)
		add_described(page, group->commands);
	page_add(page, "\t)\n\tcase $name in\n");
	for (const struct command_group *group = command_groups; group->title; group++)
		add_subcommands(page, group->commands);
	page_add(page, "\tesac\n%s", middle);
	while (completion_next(&completed))
		add_arguments(page, &completed);
	page_add(page, "%s", tail);
}
