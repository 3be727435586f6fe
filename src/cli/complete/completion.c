/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complete/completion.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/help.h"
#include "cli/options/common_options.h"
#include "cli/options/options.h"
#include "cli/output/page.h"
#include "oci/annotation.h"
#include "oci/descriptor.h"
#include "oci/location.h"
#include "project/project.h"
#include "run/root/volumes.h"
#include "store/folder.h"
#include "store/store.h"

enum { COMMON_GROUPS_LIMIT_COUNT = 8 };

static const char files[] = "files";
static const char directories[] = "directories";
static const char none[] = "none";

struct completion {
	struct page page;
	const char *current; /* the typed part of the word */
	size_t skip;         /* this much of it is "--name=", which the candidates repeat */
	const char *others;  /* files, directories or none */
	bool for_bash;       /* without descriptions, and without the text before ':' or '=' */
};

/* readline completes the part after its last word break. */
static const char *
without_typed_part(const struct completion *completion, const char *line)
{
	size_t typed = strlen(completion->current);

	while (typed > 0 && !strchr(":=", completion->current[typed - 1]))
		typed--;
	return strlen(line) >= typed ? line + typed : line;
}

static void
offer(struct completion *completion, const char *word, size_t size, const char *description)
{
	const char *typed = completion->current + completion->skip;
	AUTO_FREE char *line = NULL;

	if (strncmp(word, typed, strlen(typed)) != 0 || size < strlen(typed))
		return;
	line = xasprintf("%.*s%.*s", (int)completion->skip, completion->current, (int)size, word);
	if (completion->for_bash)
		page_add(&completion->page, "%s\n", without_typed_part(completion, line));
	else
		page_add(&completion->page, "%s%s%s\n", line, description ? "\t" : "",
			 description ? description : "");
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

/* A command's tables of options: its own, then the common ones. */
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
offer_text(struct completion *completion, const char *text)
{
	offer(completion, text, strlen(text), NULL);
}

/* The store's references; NULL without a store. */
static struct store *
find_store(struct context *context)
{
	return session_find_store(context_session(context));
}

static void
offer_references(struct completion *completion, struct context *context)
{
	struct store *store = find_store(context);
	AUTO_DESCRIPTORS struct descriptors references = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	if (!store || store_list_references(store, &references, false, &ignored) < 0)
		return;
	for (size_t i = 0; i < references.count; i++) {
		const char *name = descriptor_annotation(&references.items[i], ANNOTATION_REF_NAME);

		if (name && location_is(name) && !text_starts(name, "built:"))
			offer_text(completion, name);
	}
}

/* `end` follows each name: ":" where a path in the job has to follow. */
static void
offer_volumes(struct completion *completion, struct context *context, const char *end)
{
	struct store *store = find_store(context);
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	if (!store || folder_list(store, STORE_VOLUMES, &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *whole = xasprintf("%s%s", names.items[i], end);

		offer_text(completion, whole);
	}
}

static void
offer_values(struct completion *completion, struct context *context, const struct option_spec *spec)
{
	static const char platforms[] = "linux/amd64|linux/arm64|local";
	bool is_source = text_starts(spec->argument, "SOURCE:");

	completion->others = none;
	if (strcmp(spec->argument, "FILE") == 0)
		completion->others = files;
	else if (strcmp(spec->argument, "DIR") == 0)
		completion->others = directories;
	else if (spec->type == OPTION_PLATFORMS)
		offer_choice(completion, platforms, sizeof(platforms) - 1);
	else if (is_source && !strchr(completion->current, ':'))
		offer_volumes(completion, context, ":");
	else if (strcmp(spec->name, "volume") == 0 && strcmp(spec->argument, "NAME") == 0)
		offer_volumes(completion, context, "");
	else if (choice_is(spec->argument, strlen(spec->argument)))
		offer_choice(completion, spec->argument, strlen(spec->argument));
	if (is_source && !strchr(completion->current, ':'))
		completion->others = files;
}

static void
offer_operands(struct completion *completion, struct context *context,
	       const struct command *command)
{
	const char *usage = command->usage ? command->usage : "";
	bool is_value = false;

	if (strstr(usage, "[COMMAND [SUBCOMMAND]")) {
		offer_all_commands(completion);
		for (const struct help_topic *topic = help_topics; topic->name; topic++)
			offer(completion, topic->name, strlen(topic->name), topic->summary);
		return;
	}
	if (strstr(usage, "IMAGE")) {
		struct error *ignored = NULL;
		const struct project *project = context_find_project(context, &ignored);

		/* An unreadable project file offers nothing: a key press must not print errors. */
		for (size_t i = 0; project && i < project->image_count; i++)
			offer(completion, project->images[i].name, strlen(project->images[i].name),
			      NULL);
		error_free(ignored);
	}
	if (strstr(usage, "REF") || strstr(usage, "SOURCE"))
		offer_references(completion, context);
	while (*usage) {
		size_t size = strcspn(usage, " []");

		if (choice_is(usage, size) && !is_value) {
			offer_choice(completion, usage, size);
			return;
		}
		/* In "[--push auto|never]" the choice belongs to the option. */
		is_value = usage[0] == '-' && usage[size] == ' ';
		usage += size;
		usage += strspn(usage, " []");
	}
}

/* The words after the command's name. */
static void
complete_for(struct completion *completion, struct context *context, const struct command *command,
	     int count, char **words)
{
	const char *before = count > 1 ? words[count - 2] : "";
	const struct option_spec *spec = NULL;

	for (int i = 0; i < count - 1; i++) {
		if (strcmp(words[i], "--") == 0)
			return; /* the words of a job */
	}
	if (text_starts(completion->current, "--") && strchr(completion->current, '=')) {
		spec = find_option(command, completion->current);
		completion->skip = strcspn(completion->current, "=") + 1;
	} else if (!strchr(before, '=')) {
		spec = find_option(command, before);
	}
	if (spec && spec->argument)
		offer_values(completion, context, spec);
	else if (*completion->current == '-')
		offer_options(completion, command);
	else
		offer_operands(completion, context, command);
}

static void
complete(struct completion *completion, struct context *context, int count, char **words)
{
	char *current = count > 0 ? words[count - 1] : NULL;
	const struct command *command;
	struct option_table tables[COMMON_GROUPS_LIMIT_COUNT];
	struct operands operands = { 0 };
	AUTO_ERROR struct error *ignored = NULL;
	size_t table_count = 0;

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
	if (!command)
		return;
	context->command = command;
	/* Options before the current word choose the project and the store. */
	for (const struct common_group *group = common_groups; group->title; group++)
		if (table_count < COMMON_GROUPS_LIMIT_COUNT)
			tables[table_count++] =
				(struct option_table){ group->specs, &context->options };
	words[count - 1] = NULL;
	(void)options_parse(tables, table_count, count - 1, words, &operands, &ignored);
	words[count - 1] = current;
	strings_release(&operands.words);
	complete_for(completion, context, command, count - 1, words + 1);
}

/* Reads one word as the shell does; *text is moved behind it. */
static char *
take_word(const char **text)
{
	AUTO_PAGE struct page word = { 0 };
	const char *at = *text;
	char quote = '\0';

	for (; *at && (quote || !strchr(" \t\n", *at)); at++) {
		if (*at == quote) {
			quote = '\0';
		} else if (!quote && (*at == '\'' || *at == '"')) {
			quote = *at;
		} else {
			at += *at == '\\' && at[1] && quote != '\'';
			page_add(&word, "%c", *at);
		}
	}
	*text = at;
	return page_take(&word);
}

static char *
answer(struct context *context, bool for_bash, int count, char **words)
{
	struct completion completion = {
		.current = count > 0 ? words[count - 1] : "",
		.others = files,
		.for_bash = for_bash,
	};

	complete(&completion, context, count, words);
	page_add(&completion.page, ":%s", completion.others);
	return page_take(&completion.page);
}

char *
completion_answer(struct context *context, int count, char **words)
{
	AUTO_STRINGS struct strings split = { 0 };
	const char *line;

	if (count != 2 || strcmp(words[0], "--bash") != 0)
		return answer(context, false, count, words);
	/* Ends with "" if a new word would begin. */
	line = words[1];
	do {
		line += strspn(line, " \t\n");
		strings_take(&split, take_word(&line));
	} while (*line);
	return answer(context, true, (int)split.count - 1, split.items + 1);
}
