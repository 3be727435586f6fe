/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/jobs/cmd_run.h"
#include "cli/jobs/run_plan.h"
#include "cli/options/image_options.h"

#define AT(member) JOB_OPTION(member)

static const struct option_spec run_options[] = {
	JOB_OPTIONS,
	{ "env-file", 0, OPTION_STRINGS, AT(env_files), "FILE",
	  "read variables from FILE, one per line; repeatable" },
	{ "entrypoint", 0, OPTION_STRING, AT(entrypoint), "WORD",
	  "replace the image's entry point; a JSON array for several words" },
	{ "hostname", 0, OPTION_STRING, AT(hostname), "NAME", "set the job's host name" },
	{ "tmpfs", 0, OPTION_STRINGS, AT(tmpfs), "PATH[:OPTIONS]",
	  "mount an empty directory in memory; repeatable" },
	{ "cache", 0, OPTION_STRINGS, AT(caches), "NAME",
	  "mount this cache of the project, restored when it is new and saved afterwards; "
	  "repeatable" },
	{ "read-only", 0, OPTION_FLAG, AT(read_only), NULL, "mount the root filesystem read-only" },
	{ "memory", 0, OPTION_STRING, AT(memory), "SIZE",
	  "limit the memory, for example 512m or 2g" },
	{ "cpus", 0, OPTION_STRING, AT(cpus), "N", "limit the processors, for example 2 or 0.5" },
	{ "pids", 0, OPTION_UINT, AT(pids), "N", "limit the number of processes and threads" },
	{ "interactive", 'i', OPTION_FLAG, AT(interactive), NULL,
	  "connect standard input, which is empty otherwise" },
	{ "tty", 't', OPTION_FLAG, AT(terminal), NULL, "give the job a terminal" },
	{ "commit", 0, OPTION_STRING, AT(commit), "WHERE",
	  "make an image with the job's changes: HOST/NAME[:TAG] in the store, oci:DIR[:TAG] ..." },
	{ "bundle", 0, OPTION_STRING, AT(bundle), "DIR",
	  "write an OCI runtime bundle for another engine, and run nothing" },
	TARGET_OPTIONS(struct run_values, target),
	{ 0 },
};

const struct option_spec docker_run_options[] = {
	{ "rm", 0, OPTION_FLAG, AT(removes), NULL, NULL },
	{ "network", 0, OPTION_STRING, AT(network), "host|none", NULL },
	{ "name", 0, OPTION_REFUSED, 0, "NAME",
	  "a job ends with its run, so nothing could use its name; leave it out" },
	{ "publish", 'p', OPTION_REFUSED, 0, "PORTS",
	  "a job has the host's network and its ports, unless --net none; leave it out" },
	{ "shm-size", 0, OPTION_REFUSED, 0, "SIZE",
	  "the job's /dev/shm may take up to half of the memory; leave it out" },
	{ "security-opt", 0, OPTION_REFUSED, 0, "OPTION",
	  "no option lets a job have more than ocifp-run(1) says; leave it out" },
	{ "privileged", 0, OPTION_REFUSED, 0, NULL,
	  "no option lets a job have more than ocifp-run(1) says; leave it out" },
	{ "cap-add", 0, OPTION_REFUSED, 0, "CAPABILITY",
	  "no option lets a job have more than ocifp-run(1) says; leave it out" },
	{ "device", 0, OPTION_REFUSED, 0, "DEVICE",
	  "no option lets a job have more than ocifp-run(1) says; leave it out" },
	{ "detach", 'd', OPTION_REFUSED, 0, NULL,
	  "a job ends with its run; put '&' behind the command" },
	{ "mount", 0, OPTION_REFUSED, 0, "MOUNT", "use -v SOURCE:PATH[:ro] or --tmpfs PATH" },
	{ 0 },
};

/* Operands: [IMAGE|REF] -- COMMAND..., or IMAGE|REF COMMAND... */
static int
run_run(struct context *context, const void *values, const struct strings *operands,
	struct error **err)
{
	AUTO_STRINGS struct strings command = { 0 };
	size_t first = context->named_count > 0 ? 1 : 0;

	for (size_t i = first; i < operands->count; i++)
		strings_add(&command, operands->items[i]);
	return run_in_image(context, values, first ? operands->items[0] : NULL, &command, err);
}

const struct command cmd_run = {
	.name = "run",
	.summary = "run a command in an image's root filesystem",
	.usage = "[--by-hash] [IMAGE|REF] [--] [COMMAND...]",
	.options = run_options,
	.other_options = docker_run_options,
	.values_size = sizeof(struct run_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = OPERANDS_ANY,
	.runs_job = true,
	.explain = run_plan_explain,
	.run = run_run,
};
