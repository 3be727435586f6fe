/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/jobs/cmd_run.h"
#include "cli/jobs/run_caches.h"
#include "cli/jobs/run_plan.h"
#include "cli/options/image_options.h"
#include "cli/outcome.h"
#include "image/resolve/target.h"
#include "image/transfer/pull.h"
#include "oci/location.h"
#include "run/commit_job.h"
#include "run/engine/bundle.h"
#include "run/run.h"

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
	  "make an image of what the job wrote: HOST/NAME[:TAG] in the store, oci:DIR[:TAG] ..." },
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

static int
find_image_base(struct context *context, const struct run_values *values, const char *image,
		struct run_base *base, struct error **err)
{
	const struct pull_options pull_options = {
		.platforms = platforms_said(&values->platforms),
		.offline = values->offline,
	};
	AUTO_TARGET struct target target = { 0 };

	if (values->platforms.count > 1)
		return error_set(err, ERROR_USAGE, "expected one --platform");
	if (target_of_options(context, &values->target, image, &target, err) < 0)
		return -1;
	return run_base_of_image(context_session(context), &target, &pull_options, base, err);
}

static int
find_base(struct context *context, const struct run_values *values, const char *image,
	  struct run_base *base, struct error **err)
{
	AUTO_LOCATION struct location location = { 0 };

	if (image && location_is(image) && location_parse(image, &location, err) < 0)
		return -1;
	if (location.path && location.transport == TRANSPORT_ROOTFS)
		return run_base_of_directory(location.path, base, err);
	return find_image_base(context, values, image, base, err);
}

static int
read_commit(const struct run_values *values, struct location *ret_location,
	    struct commit_options *options, struct error **err)
{
	if (!values->commit)
		return 0;
	options->output = ret_location;
	if (source_date_read(&options->created_s, err) < 0 ||
	    location_parse(values->commit, ret_location, err) < 0)
		return error_wrap(err, "--commit");
	if (ret_location->transport == TRANSPORT_ROOTFS ||
	    ret_location->reference.digest.algorithm != DIGEST_NONE)
		return error_set(err, ERROR_USAGE,
				 "--commit takes HOST/NAME[:TAG] or oci:DIR[:TAG]");
	if (ret_location->transport == TRANSPORT_REGISTRY && !ret_location->reference.tag)
		ret_location->reference.tag = xstrdup("latest");
	return 0;
}

/* A job's own output is all of its result, but for the image. */
static int
tell(struct context *context, const struct location *output, const struct derive_result *made,
     struct error **err)
{
	struct outcome outcome = {
		.repository = made->repository,
		.tag = output->reference.tag,
		.digest = &made->digest,
		.stdout_is_taken = true,
	};

	return made->repository ? outcome_tell(context, &outcome, err) : 0;
}

static struct job_options
job_of_values(const struct run_values *values, const struct run_plan *plan,
	      const struct strings *command)
{
	return (struct job_options){
		.entrypoint = values->entrypoint,
		.command = command,
		.env = &plan->env,
		.env_files = &values->env_files,
		.user = values->user,
		.directory = plan->directory,
		.hostname = values->hostname,
		.read_only = values->read_only,
		.own_network = values->network && strcmp(values->network, "none") == 0,
		.interactive = values->interactive,
		.terminal = values->terminal,
		.login_shell = values->login_shell,
	};
}

/* The caller's own word, never the project's. */
static bool
is_chroot(const struct context *context, const struct run_values *values)
{
	const struct setting *setting = settings_find(&context->options.settings, "isolation");
	const char *said = values->isolation ? values->isolation : setting ? setting->value : NULL;

	return said && strcmp(said, "chroot") == 0;
}

static int
check_combinations(const struct run_values *values, struct error **err)
{
	if (values->bundle && values->caches.count > 0)
		return error_set(err, ERROR_USAGE, "--bundle cannot be combined with --cache");
	if (values->bundle && values->userns && strcmp(values->userns, "auto") == 0)
		return error_set(err, ERROR_USAGE,
				 "--bundle cannot be combined with --userns auto");
	if (values->bundle && values->isolation)
		return error_set(err, ERROR_USAGE, "--bundle cannot be combined with --isolation");
	return 0;
}

static int
run_planned(struct context *context, const struct run_values *values, struct run_plan *plan,
	    const struct strings *command, struct error **err)
{
	AUTO_RUN_BASE struct run_base base = { 0 };
	AUTO_LOCATION struct location output = { 0 };
	AUTO_DERIVE_RESULT struct derive_result made = { 0 };
	CLEANUP(run_caches_release) struct run_caches caches = { 0 };
	struct commit_options commit = { 0 };
	struct run_options options = {
		.job = job_of_values(values, plan, command),
		.volumes = &plan->volumes,
		.project = plan->project,
		.project_paths = &plan->project_paths,
		.tmpfs = &values->tmpfs,
		.filled = &caches.filled,
		.runtime = values->runtime,
		.keeps_proc = is_chroot(context, values),
		.shift_ids = values->userns && strcmp(values->userns, "auto") == 0,
		.deadline_ms = context->options.session.engine.deadline_ms,
		.commit = values->commit ? &commit : NULL,
	};

	if (job_limits_parse(values->memory, values->cpus, values->pids, &options.limits, err) <
		    0 ||
	    read_commit(values, &output, &commit, err) < 0 ||
	    find_base(context, values, plan->image, &base, err) < 0 ||
	    check_combinations(values, err) < 0)
		return -1;
	if (values->bundle)
		return bundle_write(context_session(context), &base, &options, values->bundle, err);
	if (run_caches_restore(context, &values->caches, plan, values->user, &base, &caches, err) <
	    0)
		return -1;
	commit.observer = session_observer(context_session(context));
	if (run_job(context_session(context), &base, &options, &context->job_status, &made, err) <
	    0)
		return -1;
	if (context->job_status == 0 && run_caches_save(context, &caches, err) < 0)
		return -1;
	return tell(context, &output, &made, err);
}

int
run_in_image(struct context *context, const struct run_values *values, const char *image,
	     const struct strings *command, struct error **err)
{
	CLEANUP(run_plan_release) struct run_plan plan = { 0 };
	const struct run_words words = {
		.image = image,
		.command = command,
		.env = &values->env,
		.volumes = &values->volumes,
		.directory = values->directory,
	};

	if (run_plan_make(context, &words, &plan, err) < 0)
		return -1;
	return run_planned(context, values, &plan, command, err);
}

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
