#include "base/cleanup.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/common_options.h"
#include "cli/completion.h"
#include "cli/page.h"

static void
add_option(struct page *page, const struct command *command, const struct option_spec *spec)
{
	char letter = option_letter(command, spec);

	page_add(page, " --%s", spec->name);
	if (letter)
		page_add(page, " -%c", letter);
}

/* The options whose argument is of one of the kinds in the mask. */
static void
add_options(struct page *page, const struct command *command, unsigned kinds)
{
	const struct option_spec *tables[COMPLETED_TABLES_LIMIT];
	size_t count = completion_tables(command, tables);

	for (size_t i = 0; i < count; i++) {
		for (const struct option_spec *spec = tables[i]; spec->name; spec++) {
			AUTO_FREE char *words = NULL;

			if (kinds & (1U << completion_argument(spec, &words)))
				add_option(page, command, spec);
		}
	}
}

static void
add_lists(struct page *page, const struct completed *completed)
{
	const struct command *command = completed->command;
	AUTO_FREE char *name = completion_name(completed);
	AUTO_FREE char *operands = completion_operands(command);

	page_add(page, "\t'%s')\n\t\toptions='", name);
	add_options(page, command, ~0U);
	page_add(page, "'\n\t\tfiles='");
	add_options(page, command, 1U << ARGUMENT_FILE | 1U << ARGUMENT_DIRECTORY);
	page_add(page, " '\n\t\tvalues='");
	add_options(page, command, 1U << ARGUMENT_OTHER);
	page_add(page, " '\n\t\twords='%s'\n\t\t;;\n", operands ? operands : "");
}

static void
add_choice(struct page *page, const char *name, const struct option_spec *spec)
{
	AUTO_FREE char *words = NULL;

	if (completion_argument(spec, &words) != ARGUMENT_WORDS)
		return;
	page_add(page, "\t'%s --%s'", name, spec->name);
	if (spec->letter)
		page_add(page, "|'%s -%c'", name, spec->letter);
	page_add(page, ") choice='%s' ;;\n", words);
}

static void
add_choices(struct page *page, const struct completed *completed)
{
	const struct option_spec *tables[COMPLETED_TABLES_LIMIT];
	size_t count = completion_tables(completed->command, tables);
	AUTO_FREE char *name = completion_name(completed);

	for (size_t i = 0; i < count; i++) {
		for (const struct option_spec *spec = tables[i]; spec->name; spec++)
			add_choice(page, name, spec);
	}
}

static void
add_names(struct page *page, const struct command *const *commands)
{
	for (; *commands; commands++)
		page_add(page, " %s", (*commands)->name);
}

static void
add_subcommands(struct page *page, const struct command *const *commands)
{
	for (; *commands; commands++) {
		if (!(*commands)->subcommands)
			continue;
		page_add(page, "\t%s) subcommands='", (*commands)->name);
		add_names(page, (*commands)->subcommands);
		page_add(page, "' ;;\n");
	}
}

/* The part that does not depend on the tables.  An argument behind '=' is a word of its own. */
static const char head[] =
	"# bash completion for ocifp\n"
	"_ocifp()\n"
	"{\n"
	"\tlocal name=${COMP_WORDS[1]} current=${COMP_WORDS[COMP_CWORD]}\n"
	"\tlocal previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal commands subcommands='' options='' files='' values='' words='' choice=''\n"
	"\tif [[ $current == = ]]; then\n"
	"\t\tcurrent=''\n"
	"\telif [[ $previous == = ]]; then\n"
	"\t\tprevious=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tfi\n"
	"\tCOMPREPLY=()\n";

static const char middle[] =
	"\tif [[ $COMP_CWORD -eq 1 ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$current\")\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tif [[ -n $subcommands && $COMP_CWORD -eq 2 ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$subcommands\" -- \"$current\")\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tif [[ -n $subcommands ]]; then\n"
	"\t\tname=\"$name ${COMP_WORDS[2]}\"\n"
	"\tfi\n";

static const char tail[] = "\tif [[ -n $choice ]]; then\n"
			   "\t\twords=$choice\n"
			   "\telif [[ $files == *\" $previous \"* ]]; then\n"
			   "\t\treturn\n"
			   "\telif [[ $values == *\" $previous \"* ]]; then\n"
			   "\t\tcompopt +o default 2>/dev/null\n"
			   "\t\treturn\n"
			   "\telif [[ $current == -* ]]; then\n"
			   "\t\twords=$options\n"
			   "\tfi\n"
			   "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
			   "}\n"
			   "complete -o default -F _ocifp ocifp\n";

static void
add_tables(struct page *page)
{
	struct completed completed = { 0 };

	page_add(page, "\tcase $name in\n");
	while (completion_next(&completed))
		add_lists(page, &completed);
	page_add(page, "\tesac\n\tcase \"$name $previous\" in\n");
	completed = (struct completed){ 0 };
	while (completion_next(&completed))
		add_choices(page, &completed);
	page_add(page, "\tesac\n");
}

void
completion_bash(struct page *page)
{
	page_add(page, "%s\tcommands='", head);
	for (const struct command_group *group = command_groups; group->title; group++)
		add_names(page, group->commands);
	page_add(page, "'\n\tcase $name in\n");
	for (const struct command_group *group = command_groups; group->title; group++)
		add_subcommands(page, group->commands);
	page_add(page, "\t*) ;;\n\tesac\n%s", middle);
	add_tables(page);
	page_add(page, "%s", tail);
}
