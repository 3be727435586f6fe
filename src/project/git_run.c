#include "project/git_run.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/spawn.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"

static void
fill_arguments(const char *const *argv, struct strings *arguments)
{
	strings_add(arguments, "git");
	for (; *argv; argv++)
		strings_add(arguments, *argv);
}

static const char *const always[] = { "GIT_TERMINAL_PROMPT=0", NULL };

static bool
is_replaced(const char *variable, const char *const *variables)
{
	size_t size = strcspn(variable, "=");

	for (; variables && *variables; variables++)
		if (strncmp(variable, *variables, size) == 0 && (*variables)[size] == '=')
			return true;
	return false;
}

static void
add_variables(const char *const *more, struct strings *variables)
{
	for (; more && *more; more++)
		strings_add(variables, *more);
}

static void
fill_environment(const char *const *own, struct strings *variables)
{
	for (char **variable = environ; *variable; variable++)
		if (!is_replaced(*variable, always) && !is_replaced(*variable, own))
			strings_add(variables, *variable);
	add_variables(always, variables);
	add_variables(own, variables);
}

static const char *
name_of(const struct git_question *question)
{
	const char *const *word = question->argv;

	while (*word && strcmp(*word, "-c") == 0)
		word += 2;
	return *word;
}

static int
refuse(const struct git_question *question, const struct spawn_result *result,
       const struct buf *messages, struct error **err)
{
	AUTO_FREE char *said = text_quote_message(messages->data, messages->size);

	if (result->timed_out)
		return error_set(err, ERROR_UNAVAILABLE, "git %s did not end in %d s",
				 name_of(question), question->timeout_ms / 1000);
	if (result->exit_status == 127)
		return error_set(err, ERROR_USAGE, "git was not found");
	return error_set(err, ERROR_UNAVAILABLE, "git %s ended with status %d: %s",
			 name_of(question), result->exit_status, said);
}

int
git_run(const struct git_question *question, struct buf *output, struct error **err)
{
	AUTO_STRINGS struct strings arguments = { 0 };
	AUTO_STRINGS struct strings variables = { 0 };
	AUTO_BUF struct buf messages = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	struct spawn_options options = {
		.directory = question->directory,
		.input = question->input,
		.input_bytes = question->input_bytes,
		.output = output,
		.messages = &messages,
	};
	struct spawn_result result;

	fill_arguments(question->argv, &arguments);
	fill_environment(question->variables, &variables);
	options.argv = (const char *const *)arguments.items;
	options.environment = (const char *const *)variables.items;
	if (question->timeout_ms > 0)
		options.deadline_ms = deadline_after_ms(question->timeout_ms);
	if (spawn_run(&options, &result, err) < 0)
		return error_wrap(err, "git %s", name_of(question));
	if (result.exit_status == 0 && !result.timed_out)
		return 0;
	return refuse(question, &result, &messages, err);
}
