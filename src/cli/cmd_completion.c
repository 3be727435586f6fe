#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/context.h"
#include "cli/page.h"

struct shell {
	const char *name;
	void (*write)(struct page *page);
};

static const struct shell shells[] = {
	{ "bash", completion_bash },
	{ "zsh", completion_zsh },
	{ "fish", completion_fish },
};

static const struct shell *
find_shell(const char *name)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shells[i].name, name) == 0)
			return &shells[i];
	}
	return NULL;
}

static int
run_completion(struct context *context, const void *values, const struct strings *operands,
	       struct error **err)
{
	const struct shell *shell = find_shell(operands->items[0]);
	AUTO_PAGE struct page page = { 0 };
	AUTO_FREE char *text = NULL;

	(void)values;
	if (!shell) {
		AUTO_FREE char *shown = text_quote_string(operands->items[0]);

		return error_set(err, ERROR_USAGE, "'%s' is none of bash, zsh and fish", shown);
	}
	shell->write(&page);
	text = page_take(&page);
	return context_result(context, text,
			      json_pack("{s:s, s:s}", "shell", shell->name, "script", text), err);
}

const struct command cmd_completion = {
	.name = "completion",
	.summary = "write a script that lets a shell complete command lines",
	.usage = "bash|zsh|fish",
	.operands_min = 1,
	.operands_max = 1,
	.run = run_completion,
};
