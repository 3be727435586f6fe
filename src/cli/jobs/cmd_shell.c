/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/jobs/cmd_run.h"

#define AT(member) offsetof(struct run_values, member)

static const struct option_spec shell_options[] = {
	{ "env", 'e', OPTION_STRINGS, AT(env), "NAME[=VALUE]",
	  "set a variable, or pass on the caller's; repeatable" },
	{ "user", 'u', OPTION_STRING, AT(user), "USER[:GROUP]",
	  "be this user and group, by name or number" },
	{ "workdir", 'w', OPTION_STRING, AT(directory), "DIR", "start in this directory" },
	{ "volume", 'v', OPTION_STRINGS, AT(volumes), "SOURCE:PATH[:ro]",
	  "mount a path of the host, or a named volume of the store; repeatable" },
	{ "net", 0, OPTION_STRING, AT(network), "host|none",
	  "use the host's network (default) or none" },
	{ "userns", 0, OPTION_STRING, AT(userns), "host|auto",
	  "keep the ids of a root job (default), or map them to an unused range" },
	{ "isolation", 0, OPTION_STRING, AT(isolation), "full|chroot",
	  "with chroot, use the caller's /proc where no other can be mounted: no boundary" },
	{ "runtime", 0, OPTION_STRING, AT(runtime), "crun|runc|bwrap",
	  "use this engine instead of the first that is installed" },
	{ "platform", 0, OPTION_PLATFORMS, AT(platforms), "OS/ARCH",
	  "use this platform instead of this machine's" },
	{ "tag", 0, OPTION_STRING, AT(target.tag), "TAG",
	  "use this tag of IMAGE, not that of its fingerprint" },
	{ "offline", 0, OPTION_FLAG, AT(offline), NULL,
	  "do not use the network; fail if the store lacks the image" },
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
