/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"

/* contrib/completion: the scripts ask `ocifp __complete`; completion.h describes its output. */
static const char bash_script[] =
#include "cli/completion_bash.inc"
	;
static const char zsh_script[] =
#include "cli/completion_zsh.inc"
	;
static const char fish_script[] =
#include "cli/completion_fish.inc"
	;

static const struct shell {
	const char *name;
	const char *script;
} shells[] = {
	{ "bash", bash_script },
	{ "zsh", zsh_script },
	{ "fish", fish_script },
};

static int
run_completion(struct context *context, const void *values, const struct strings *operands,
	       struct error **err)
{
	const char *name = operands->items[0];

	(void)values;
	for (size_t i = 0; i < COUNT_OF(shells); i++) {
		const char *script = shells[i].script;
		AUTO_FREE char *text = xstrndup(script, strlen(script) - 1);

		if (strcmp(shells[i].name, name) == 0)
			return context_result(
				context, text,
				json_pack("{s:s, s:s}", "shell", name, "script", script), err);
	}
	return error_set(err, ERROR_USAGE, "unknown shell '%s': expected bash, zsh or fish",
			 QUOTED(name));
}

const struct command cmd_completion = {
	.name = "completion",
	.summary = "print a completion script for bash, zsh or fish",
	.usage = "bash|zsh|fish",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_completion,
};
