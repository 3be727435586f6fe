/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/jobs/cmd_run.h"

#define AT(member) JOB_OPTION(member)

static const struct option_spec shell_options[] = {
	JOB_OPTIONS,
	{ "tag", 0, OPTION_STRING, AT(target.tag), "TAG",
	  "use this tag of IMAGE, not that of its fingerprint" },
	{ 0 },
};

static int
run_shell(struct context *context, const void *opaque, const struct strings *operands,
	  struct error **err)
{
	struct run_values values = *(const struct run_values *)opaque;
	const struct strings no_command = { 0 };

	values.login_shell = true;
	values.interactive = true;
	values.terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	return run_in_image(context, &values, operands->count > 0 ? operands->items[0] : NULL,
			    &no_command, err);
}

const struct command cmd_shell = {
	.name = "shell",
	.summary = "start a login shell in an image's root filesystem",
	.usage = "[IMAGE|REF]",
	.options = shell_options,
	.other_options = docker_run_options,
	.values_size = sizeof(struct run_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.runs_job = true,
	.run = run_shell,
};
