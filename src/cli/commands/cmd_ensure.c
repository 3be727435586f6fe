/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/outcome.h"
#include "cli/output/json.h"
#include "image/ensure/ensure.h"
#include "image/resolve/target.h"
#include "oci/document.h"
#include "project/project.h"

struct ensure_values {
	struct platforms platforms;
	const char *push;
	int64_t wait_ms;
	bool no_build;
	bool rebuild;
	bool offline;
	bool dry_run;
	bool assume_absent;
	bool platform_tag;
	bool all;
};

#define AT(member) offsetof(struct ensure_values, member)

static const struct option_spec ensure_options[] = {
	{ "push", 0, OPTION_STRING, AT(push), "auto|always|never",
	  "when to push a built image; auto: in CI, on trusted events" },
	{ "wait", 0, OPTION_DURATION, AT(wait_ms), "TIME",
	  "if absent, ask again for this long: another job may build the image" },
	{ "no-build", 0, OPTION_FLAG, AT(no_build), NULL,
	  "do not build; fail if the image is absent" },
	{ "rebuild", 0, OPTION_FLAG, AT(rebuild), NULL,
	  "if absent, build anew; do not use an earlier local build" },
	{ "offline", 0, OPTION_FLAG, AT(offline), NULL,
	  "do not use the network; fail if the store lacks the image" },
	{ "dry-run", 0, OPTION_FLAG, AT(dry_run), NULL,
	  "ask the registry and print the plan, but change nothing" },
	{ "assume-absent", 0, OPTION_FLAG, AT(assume_absent), NULL,
	  "treat a refused login as absence" },
	{ "all", 0, OPTION_FLAG, AT(all), NULL, "ensure all images of the project file" },
	{ "platform", 0, OPTION_PLATFORMS, AT(platforms), "OS/ARCH",
	  "require this platform instead of the image's; repeatable" },
	{ "platform-tag", 0, OPTION_FLAG, AT(platform_tag), NULL,
	  "build one platform and push it under TAG-OS-ARCH, for `index join`" },
	{ 0 },
};

/* One of the words of the option's table. */
static enum push_policy
parse_policy(const char *word)
{
	if (!word || strcmp(word, "auto") == 0)
		return PUSH_AUTO;
	return strcmp(word, "always") == 0 ? PUSH_ALWAYS : PUSH_NEVER;
}

static int
tell(struct context *context, const struct ensure_result *result, const char *name, json_t *list,
     struct error **err)
{
	struct target target = { .by_hash = true, .fingerprint = result->fingerprint };
	struct outcome outcome = {
		.repository = result->repository,
		.tag = result->tag,
		.digest = &result->digest,
		.target = &target,
		.present = &result->present,
		.pushed = &result->pushed,
		.details = json_pack("{s:b, s:o}", "built", result->built, "missing",
				     json_platforms(&result->missing)),
		.name = name,
		.list = list,
	};

	return outcome_tell(context, &outcome, err);
}

static int
ensure_all(struct context *context, const struct project *project,
	   const struct ensure_options *options, struct error **err)
{
	AUTO_FREE const struct project_image **all =
		xcalloc(project->image_count + 1, sizeof(*all));
	size_t all_count = 0;
	AUTO_JSON json_t *list = json_array();

	/* All images, each after those that it needs. */
	for (size_t i = 0; i < project->image_count; i++) {
		size_t count;
		AUTO_FREE const struct project_image **order =
			project_order(project, &project->images[i], &count);

		for (size_t j = 0; j < count; j++) {
			size_t k = 0;

			while (k < all_count && all[k] != order[j])
				k++;
			if (k == all_count)
				all[all_count++] = order[j];
		}
	}
	for (size_t i = 0; i < project->image_count; i++) {
		AUTO_ENSURE_RESULT struct ensure_result result = { 0 };

		context_log_in_at_operand(context, all[i]->name);
		if (ensure_image(context_session(context), project, all[i]->name, options, &result,
				 err) < 0)
			return error_wrap(err, "image '%s'", all[i]->name);
		if (tell(context, &result, all[i]->name, list, err) < 0)
			return -1;
	}
	if (!context->options.json)
		return 0;
	return context_result(context, "", json_pack("{s:O}", "images", list), err);
}

static int
run_ensure(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct ensure_values *values = opaque;
	const char *name = operands->count > 0 ? operands->items[0] : NULL;
	struct project *project = context_project(context, err);
	AUTO_ENSURE_RESULT struct ensure_result result = { 0 };
	AUTO_PLATFORMS struct platforms one = { 0 };
	struct ensure_options options = {
		.platforms = platforms_said(&values->platforms),
		.platform_tag = values->platform_tag,
		.push = parse_policy(values->push),
		.wait_ms = values->wait_ms,
		.no_build = values->no_build,
		.rebuild = values->rebuild,
		.offline = values->offline,
		.dry_run = values->dry_run,
		.assume_absent = values->assume_absent,
	};

	if (!project)
		return -1;
	if (values->rebuild && (values->no_build || values->offline))
		return error_set(err, ERROR_USAGE, "--rebuild contradicts --%s",
				 values->no_build ? "no-build" : "offline");
	if (values->all && name)
		return error_set(err, ERROR_USAGE, "--all takes no IMAGE");
	if (values->platform_tag) {
		if (platforms_choose_one(&values->platforms, &one, err) < 0)
			return -1;
		options.platforms = &one;
	}
	if (values->all)
		return ensure_all(context, project, &options, err);
	context_log_in_at_operand(context, name);
	if (ensure_image(context_session(context), project, name, &options, &result, err) < 0)
		return -1;
	return tell(context, &result, NULL, NULL, err);
}

const struct command cmd_ensure = {
	.name = "ensure",
	.summary = "pull an image by hash, or build and push it if it is proven absent",
	.usage = "[--push auto|always|never] [--platform-tag] [--wait TIME] [--no-build] "
		 "[--rebuild] [--dry-run] "
		 "[--all | IMAGE]",
	.options = ensure_options,
	.values_size = sizeof(struct ensure_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_ensure,
};
