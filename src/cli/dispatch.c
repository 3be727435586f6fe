/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dispatch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/trace.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/complete/completion.h"
#include "cli/complete/foreign.h"
#include "cli/context.h"
#include "cli/help.h"
#include "cli/options/common_options.h"
#include "cli/options/options.h"
#include "cli/output/line.h"
#include "cli/output/progress.h"
#include "cli/output/report.h"

enum { TABLES_LIMIT_COUNT = 8, OWN_TABLES_COUNT = 2 };

/* IMAGE and the first word of the job's command, after which options are the job's. */
enum { JOB_WORDS_COUNT = 2 };

static const int overview_wait_ms = 1000;

static const int64_t grace_ms = 1000;
static const int64_t job_grace_ms =
	30000; /* the time in which it is killed, and its files are removed */

struct watch {
	const struct common_options *options;
	int64_t wait_ms;
};

/* Runs on its own thread while the first one may be anywhere. */
static void *
watch(void *context)
{
	const struct watch *watch = context;
	struct timespec left = { .tv_sec = watch->wait_ms / 1000,
				 .tv_nsec = watch->wait_ms % 1000 * 1000000 };
	struct error *error = NULL;

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		continue;
	error_set(&error, ERROR_TIMEOUT, "the time given by --timeout has passed");
	_exit(report_at_once(watch->options, error));
}

/* Ends a run that --timeout did not end.  Requests end by themselves at the deadline; other work,
 * such as hashing or a build, is ended a moment later with the same exit status, and a job after
 * that, because its files have to be removed.  The options are borrowed until the program ends. */
static int
watch_deadline(const struct common_options *options, bool runs_job, struct error **err)
{
	static struct watch overdue;
	pthread_t thread;
	sigset_t all;
	sigset_t before;
	int errnum;

	if (options->timeout_ms <= 0)
		return 0;
	overdue = (struct watch){
		.options = options,
		.wait_ms = options->timeout_ms + (runs_job ? job_grace_ms : grace_ms),
	};
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	errnum = pthread_create(&thread, NULL, watch, &overdue);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (errnum)
		return error_set_errno(err, errnum, "cannot watch the time");
	(void)pthread_detach(thread);
	return 0;
}

/* A command as typed. */
struct invocation {
	const struct command *command;
	char *name; /* "store ls" */
	void *values;
	struct option_table tables[TABLES_LIMIT_COUNT];
	size_t table_count;
	struct operands operands;
};

static void
invocation_release(struct invocation *invocation)
{
	options_release(invocation->tables, OWN_TABLES_COUNT);
	strings_release(&invocation->operands.words);
	free(invocation->values);
	free(invocation->name);
}

static int
refuse_word(const char *word, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };
	const char *ours = foreign_command(word);
	const char *near;

	error_set(err, ERROR_USAGE, "'%s' is not a command", QUOTED(word));
	if (ours)
		return error_set_hint(err, "%s", ours);
	for (const struct command_group *group = command_groups; group->title; group++) {
		for (const struct command *const *command = group->commands; *command; command++)
			strings_add(&names, (*command)->name);
	}
	near = suggest(&names, word);
	if (near)
		return error_set_hint(err, "did you mean '%s'? see 'ocifp help'", near);
	return error_set_hint(err, "see 'ocifp help'");
}

/* `word` NULL: missing. */
static int
refuse_subcommand(const struct command *command, const char *word, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_FREE char *list = NULL;
	const char *one_of;
	const char *near;

	for (const struct command *const *sub = command->subcommands; *sub; sub++)
		strings_add(&names, (*sub)->name);
	list = strings_join(&names, ", ");
	one_of = names.count > 1 ? "one of " : "";
	if (!word) {
		error_set(err, ERROR_USAGE, "'%s' needs %s%s", command->name, one_of, list);
		return error_set_hint(err, "see 'ocifp help %s'", command->name);
	}
	error_set(err, ERROR_USAGE, "'%s %s' is not a command", command->name, QUOTED(word));
	near = foreign_subcommand(word);
	if (!near || !command_find_in(command->subcommands, near))
		near = suggest(&names, word);
	if (near)
		return error_set_hint(err, "did you mean '%s %s'?", command->name, near);
	return error_set_hint(err, "expected %s%s; see 'ocifp help %s'", one_of, list,
			      command->name);
}

/* Words that many programs accept. */
static const char *
without_alias(const char *word)
{
	if (strcmp(word, "--help") == 0 || strcmp(word, "--help-all") == 0 ||
	    strcmp(word, "-h") == 0)
		return "help";
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
		return "version";
	return word;
}

/* A common option, "--name", "--name=value" or "-n"; NULL: not one of them. */
static const struct option_spec *
find_common_option(const char *word)
{
	bool is_long = text_starts(word, "--");
	size_t size = is_long ? strcspn(word + 2, "=") : 0;

	for (const struct common_group *group = common_groups; group->title; group++) {
		for (const struct option_spec *spec = group->specs; spec->name; spec++) {
			if (is_long && strlen(spec->name) == size &&
			    strncmp(spec->name, word + 2, size) == 0)
				return spec;
			if (!is_long && spec->letter && word[1] == spec->letter)
				return spec;
		}
	}
	return NULL;
}

static const struct command *
find_top(int argc, char **argv, struct error **err)
{
	const struct command *command = NULL;

	if (argc < 2) {
		AUTO_FREE char *text = help_of_program();
		AUTO_FREE char *lines = xasprintf("%s\n", text);

		(void)line_write(STDERR_FILENO, lines, overview_wait_ms);
		error_set(err, ERROR_USAGE, "no command given");
		error_set_hint(err, "see 'ocifp help'");
		return NULL;
	}
	command = command_find(without_alias(argv[1]));
	/* Options before the command were moved behind it, so only options were given. */
	if (!command && *argv[1] == '-' && find_common_option(argv[1])) {
		error_set(err, ERROR_USAGE, "no command given");
		error_set_hint(err, "see 'ocifp help'");
	} else if (!command)
		(void)refuse_word(argv[1], err);
	return command;
}

/* NULL with *err; *ret_word_count words name the command. */
static const struct command *
find_command(int argc, char **argv, char **ret_name, int *ret_word_count, struct error **err)
{
	const struct command *command = find_top(argc, argv, err);
	const struct command *sub;

	if (!command)
		return NULL;
	if (!command->subcommands) {
		*ret_name = xstrdup(command->name);
		*ret_word_count = 1;
		return command;
	}
	/* "store --help" is "help store". */
	if (argc > 2 && strcmp(without_alias(argv[2]), "help") == 0) {
		argv[2] = argv[1];
		*ret_name = xstrdup(cmd_help.name);
		*ret_word_count = 1;
		return &cmd_help;
	}
	sub = argc > 2 ? command_find_in(command->subcommands, argv[2]) : NULL;
	if (!sub) {
		(void)refuse_subcommand(command, argc > 2 ? argv[2] : NULL, err);
		return NULL;
	}
	*ret_name = xasprintf("%s %s", command->name, sub->name);
	*ret_word_count = 2;
	return sub;
}

static int
refuse_early_option(const char *word, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_FREE char *name = xstrndup(word, strcspn(word, "="));

	for (const struct common_group *group = common_groups; group->title; group++)
		for (const struct option_spec *spec = group->specs; spec->name; spec++)
			strings_take(&names, xasprintf("--%s", spec->name));
	error_set(err, ERROR_USAGE, "option '%s' stands before the command", QUOTED(name));
	if (!suggest_hint(err, &names, name))
		error_set_hint(err, "put it behind the command; only the options of 'ocifp help "
				    "options' may stand before");
	return -1;
}

/* The number of words of an option; 0: not an option. */
static int
early_option_words(const char *word, struct error **err)
{
	const struct option_spec *spec;

	if (word[0] != '-' || !word[1] || strcmp(word, without_alias(word)) != 0)
		return 0;
	spec = find_common_option(word);
	if (!spec)
		return refuse_early_option(word, err);
	return spec->argument && !strchr(word, '=') && (text_starts(word, "--") || !word[2]) ? 2
											     : 1;
}

/* Moves common options before the command, as git and docker have them, behind it: `ordered` has
 * room for all words. */
static int
order_words(int argc, char **argv, char **ordered, struct error **err)
{
	AUTO_FREE char **early = xcalloc((size_t)argc + 1, sizeof(*early));
	const struct command *command = NULL;
	int early_count = 0;
	int count = 1;
	int at = 1;

	ordered[0] = argv[0];
	do {
		int words;

		while (at < argc && (words = early_option_words(argv[at], err)) != 0) {
			if (words < 0)
				return -1;
			for (; words > 0 && at < argc; words--)
				early[early_count++] = argv[at++];
		}
		if (at < argc)
			ordered[count++] = argv[at++];
		command = count == 2 ? command_find(ordered[1]) : NULL;
	} while (command && command->subcommands && at < argc);
	memcpy(ordered + count, early, (size_t)early_count * sizeof(*early));
	memcpy(ordered + count + early_count, argv + at, (size_t)(argc - at) * sizeof(*argv));
	return 0;
}

static void
add_table(struct invocation *invocation, const struct option_spec *specs, void *values)
{
	invocation->tables[invocation->table_count++] = (struct option_table){ specs, values };
}

static void
prepare_tables(struct invocation *invocation, struct common_options *options)
{
	const struct command *command = invocation->command;

	invocation->values = xcalloc(1, command->values_size + 1);
	add_table(invocation, command->options, invocation->values);
	add_table(invocation, command->other_options, invocation->values);
	for (const struct common_group *group = common_groups; group->title; group++) {
		if (!group->group || (command->groups & group->group))
			add_table(invocation, group->specs, options);
	}
}

static int
check_operands(const struct invocation *invocation, struct error **err)
{
	const struct command *command = invocation->command;
	size_t count = invocation->operands.words.count;

	if (count < command->operands_min) {
		error_set(err, ERROR_USAGE, "operands are missing");
		return error_set_hint(err, "usage: ocifp %s %s", invocation->name, command->usage);
	}
	if (count <= command->operands_max)
		return 0;
	return error_set(err, ERROR_USAGE, "one operand too many: '%s'",
			 QUOTED(invocation->operands.words.items[command->operands_max]));
}

static int
run(struct context *context, struct invocation *invocation, int argc, char **argv,
    struct error **err)
{
	struct common_options *options = &context->options;

	context->command = invocation->command;
	prepare_tables(invocation, options);
	invocation->operands.options_end = invocation->command->runs_job ? JOB_WORDS_COUNT : 0;
	if (options_parse(invocation->tables, invocation->table_count, argc, argv,
			  &invocation->operands, err) < 0) {
		if (invocation->command->explain && invocation->operands.error_at > 0)
			invocation->command->explain(context, &invocation->operands.words, err);
		return -1;
	}
	if (options->help || options->help_all) {
		AUTO_FREE char *text = help_of_command(invocation->command, invocation->name,
						       context->options.help_all);

		context->options.json = false;
		return context_result(context, text, NULL, err);
	}
	if (check_operands(invocation, err) < 0 ||
	    common_options_finish(options, invocation->command->groups, err) < 0 ||
	    watch_deadline(options, invocation->command->runs_job, err) < 0)
		return -1;
	if (options->trace_file && trace_open(options->trace_file, invocation->name, err) < 0)
		return -1;
	context->named_count = invocation->operands.named_count;
	context->progress = progress_new(&(struct progress_options){
		.mode = options->progress,
		.fd = STDERR_FILENO,
		.quiet = options->quiet,
		.verbose = options->verbose,
	});
	context->options.session.observer = progress_observer(context->progress);
	context->options.session.engine.observer = context->options.session.observer;
	if (options->settings.unused)
		context_notice(context, "%s", options->settings.unused);
	return invocation->command->run(context, invocation->values, &invocation->operands.words,
					err);
}

/* Our own failures must not look like the job's exit status. */
static int
keep_apart_from_job(struct error **err)
{
	switch (error_kind(*err)) {
	case ERROR_TIMEOUT:
	case ERROR_NOT_INVOKED:
	case ERROR_NOT_FOUND:
		return -1;
	default:
		return error_set_kind(err, ERROR_JOB);
	}
}

static int
dispatch_words(struct context *context, struct invocation *invocation, int argc, char **argv,
	       struct error **err)
{
	AUTO_FREE char **ordered = xcalloc((size_t)argc + 1, sizeof(*ordered));
	int word_count = 0;

	if (order_words(argc, argv, ordered, err) == 0)
		invocation->command =
			find_command(argc, ordered, &invocation->name, &word_count, err);
	if (!invocation->command) {
		struct operands operands = { 0 };
		AUTO_ERROR struct error *ignored = NULL;

		/* For an invalid command line: --json and --status-file are obeyed nevertheless. */
		for (const struct common_group *group = common_groups; group->title; group++) {
			struct option_table table = { group->specs, &context->options };

			if (!group->group)
				(void)options_parse(&table, 1, argc, argv, &operands, &ignored);
		}
		strings_release(&operands.words);
		return -1;
	}
	return run(context, invocation, argc - word_count, ordered + word_count, err);
}

int
dispatch(struct context *context, int argc, char **argv, struct error **err)
{
	CLEANUP(invocation_release) struct invocation invocation = { 0 };

	/* Called by the shells' scripts; its words are not our options. */
	if (argc > 1 && strcmp(argv[1], "__complete") == 0) {
		AUTO_FREE char *answer = completion_answer(context, argc - 2, argv + 2);

		return context_result(context, answer, NULL, err);
	}
	if (dispatch_words(context, &invocation, argc, argv, err) == 0)
		return 0;
	if (!invocation.command)
		return -1;
	if (error_is(*err, ERROR_USAGE))
		error_set_hint(err, "see 'ocifp help %s'", invocation.name);
	return invocation.command->runs_job ? keep_apart_from_job(err) : -1;
}
