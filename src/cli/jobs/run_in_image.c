/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
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

/* The job's output is the result, except with an image. */
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
		.prepend_path = &values->prepend_path,
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

/* Only the command line may choose this, not the project. */
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
	bool shifts = values->userns && strcmp(values->userns, "auto") == 0;
	const struct {
		bool first;
		bool second;
		const char *names[2];
	} pairs[] = {
		{ values->bundle, values->caches.count > 0, { "--bundle", "--cache" } },
		{ values->bundle, shifts, { "--bundle", "--userns auto" } },
		{ values->bundle, values->isolation, { "--bundle", "--isolation" } },
		{ values->bundle, values->keep, { "--bundle", "--keep" } },
		{ values->commit, values->keep, { "--commit", "--keep" } },
		{ values->keep, shifts, { "--keep", "--userns auto" } },
	};

	for (size_t i = 0; i < COUNT_OF(pairs); i++)
		if (pairs[i].first && pairs[i].second)
			return error_set(err, ERROR_USAGE, "%s cannot be combined with %s",
					 pairs[i].names[0], pairs[i].names[1]);
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
		.project = values->folder ? values->folder : plan->project,
		.project_paths = values->folder ? &values->folder_paths : &plan->project_paths,
		.tmpfs = &values->tmpfs,
		.filled = &caches.filled,
		.runtime = values->runtime,
		.keeps_proc = is_chroot(context, values),
		.shift_ids = values->userns && strcmp(values->userns, "auto") == 0,
		.deadline_ms = context->options.session.engine.deadline_ms,
		.commit = values->commit ? &commit : NULL,
		.kept_name = values->keep,
	};

	if (job_limits_parse(values->memory, values->cpus, values->pids, &options.limits, err) <
		    0 ||
	    read_commit(values, &output, &commit, err) < 0 || check_combinations(values, err) < 0 ||
	    find_base(context, values, plan->image, &base, err) < 0)
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
