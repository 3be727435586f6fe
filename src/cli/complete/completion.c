#include "cli/complete/completion.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/help.h"
#include "cli/options/choice.h"
#include "cli/options/common_options.h"
#include "cli/output/page.h"
#include "project/project.h"

static const char files[] = "files";
static const char directories[] = "directories";
static const char none[] = "none";

struct completion {
	struct page page;
	const char *current; /* what was typed of the word so far */
	size_t skip;         /* this much of it is "--name=", which candidates repeat */
	const char *others;  /* files, directories or none */
};

static void
offer(struct completion *completion, const char *word, size_t size, const char *description)
{
	const char *typed = completion->current + completion->skip;

	if (strncmp(word, typed, strlen(typed)) != 0 || size < strlen(typed))
		return;
	page_add(&completion->page, "%.*s%.*s%s%s\n", (int)completion->skip, completion->current,
		 (int)size, word, description ? "\t" : "", description ? description : "");
}

/* `choice` is "auto|never". */
static void
offer_choice(struct completion *completion, const char *choice, size_t size)
{
	for (const char *end = choice + size; choice < end;) {
		size_t length = strcspn(choice, "| ]");

		offer(completion, choice, length, NULL);
		choice += length + 1;
	}
	completion->others = none;
}

static void
offer_commands(struct completion *completion, const struct command *const *commands)
{
	for (; *commands; commands++)
		offer(completion, (*commands)->name, strlen((*commands)->name),
		      (*commands)->summary);
	completion->others = none;
}

static void
offer_all_commands(struct completion *completion)
{
	for (const struct command_group *group = command_groups; group->title; group++)
		offer_commands(completion, group->commands);
}

static void
offer_help_topics(struct completion *completion)
{
	offer_all_commands(completion);
	for (const struct help_topic *topic = help_topics; topic->name; topic++)
		offer(completion, topic->name, strlen(topic->name), topic->summary);
}

/* The tables of options that a command takes: its own, then the common ones. */
static const struct option_spec *
next_table(const struct command *command, const struct common_group **group)
{
	if (!*group) {
		*group = common_groups;
		if (command->options)
			return command->options;
	}
	while ((*group)->title) {
		const struct common_group *at = (*group)++;

		if (!at->group || (command->groups & at->group))
			return at->specs;
	}
	return NULL;
}

static void
offer_options(struct completion *completion, const struct command *command)
{
	const struct common_group *group = NULL;
	const struct option_spec *spec;

	completion->others = none;
	while ((spec = next_table(command, &group))) {
		for (; spec->name; spec++) {
			AUTO_FREE char *name = xasprintf("--%s", spec->name);
			char letter[] = { '-', option_letter(command, spec), '\0' };

			offer(completion, name, strlen(name), spec->help);
			if (letter[1])
				offer(completion, letter, 2, spec->help);
		}
	}
}

/* The option that `word` ("--name", "--name=value" or "-n") names; NULL: none. */
static const struct option_spec *
find_option(const struct command *command, const char *word)
{
	const struct common_group *group = NULL;
	size_t size = strcspn(word, "=");
	const struct option_spec *spec;

	while ((spec = next_table(command, &group))) {
		for (; spec->name; spec++) {
			char letter = option_letter(command, spec);

			if (letter && word[0] == '-' && word[1] == letter && !word[2])
				return spec;
			if (text_starts(word, "--") && strlen(spec->name) + 2 == size &&
			    strncmp(word + 2, spec->name, size - 2) == 0)
				return spec;
		}
	}
	return NULL;
}

static void
offer_values(struct completion *completion, const struct option_spec *spec)
{
	static const char platforms[] = "linux/amd64|linux/arm64";

	if (strcmp(spec->argument, "FILE") == 0)
		completion->others = files;
	else if (strcmp(spec->argument, "DIR") == 0)
		completion->others = directories;
	else if (spec->type == OPTION_PLATFORMS)
		offer_choice(completion, platforms, sizeof(platforms) - 1);
	else if (choice_is(spec->argument, strlen(spec->argument)))
		offer_choice(completion, spec->argument, strlen(spec->argument));
	else
		completion->others = none;
}

/* A project file that cannot be read offers nothing: a key press is no place for its errors. */
static void
offer_images(struct completion *completion, struct context *context)
{
	struct error *ignored = NULL;
	const struct project *project = context_find_project(context, &ignored);

	for (size_t i = 0; project && i < project->image_count; i++)
		offer(completion, project->images[i].name, strlen(project->images[i].name), NULL);
	error_free(ignored);
}

static void
offer_operands(struct completion *completion, struct context *context,
	       const struct command *command)
{
	const char *usage = command->usage ? command->usage : "";

	if (strstr(usage, "[COMMAND [SUBCOMMAND]")) {
		offer_help_topics(completion);
		return;
	}
	if (strstr(usage, "IMAGE"))
		offer_images(completion, context);
	while (*usage) {
		size_t size = strcspn(usage, " []");

		if (choice_is(usage, size)) {
			offer_choice(completion, usage, size);
			return;
		}
		usage += size;
		usage += strspn(usage, " []");
	}
}

/* The words after the command's name. */
static void
complete_for(struct completion *completion, struct context *context, const struct command *command,
	     int count, char *const *words)
{
	const char *before = count > 1 ? words[count - 2] : "";
	const struct option_spec *spec = NULL;

	for (int i = 0; i < count - 1; i++) {
		if (strcmp(words[i], "--") == 0)
			return; /* the words of a job */
	}
	/* bash hands over '=' as a word of its own. */
	if (strcmp(completion->current, "=") == 0)
		completion->current = "";
	else if (strcmp(before, "=") == 0)
		before = count > 2 ? words[count - 3] : "";
	if (text_starts(completion->current, "--") && strchr(completion->current, '=')) {
		spec = find_option(command, completion->current);
		completion->skip = strcspn(completion->current, "=") + 1;
	} else if (!strchr(before, '=')) {
		spec = find_option(command, before);
	}
	if (spec && spec->argument)
		offer_values(completion, spec);
	else if (*completion->current == '-')
		offer_options(completion, command);
	else
		offer_operands(completion, context, command);
}

static void
complete(struct completion *completion, struct context *context, int count, char *const *words)
{
	const struct command *command;

	if (count <= 1) {
		offer_all_commands(completion);
		return;
	}
	command = command_find(words[0]);
	if (command && command->subcommands && count == 2) {
		offer_commands(completion, command->subcommands);
		return;
	}
	if (command && command->subcommands) {
		command = command_find_in(command->subcommands, words[1]);
		words++;
		count--;
	}
	if (command)
		complete_for(completion, context, command, count - 1, words + 1);
}

char *
completion_answer(struct context *context, int count, char *const *words)
{
	struct completion completion = {
		.current = count > 0 ? words[count - 1] : "",
		.others = files,
	};

	complete(&completion, context, count, words);
	page_add(&completion.page, ":%s", completion.others);
	return page_take(&completion.page);
}
