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
};

#define AT(member) offsetof(struct ensure_values, member)

static const struct option_spec ensure_options[] = {
	{ "push", 0, OPTION_STRING, AT(push), "auto|always|never",
	  "when to push a built image; auto: in GitHub Actions, on trusted events" },
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
tell(struct context *context, const struct ensure_result *result, struct error **err)
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
	};

	return outcome_tell(context, &outcome, err);
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

	if (values->rebuild && (values->no_build || values->offline))
		return error_set(err, ERROR_USAGE, "--rebuild contradicts --%s",
				 values->no_build ? "no-build" : "offline");
	if (!project)
		return -1;
	context_log_in_at_operand(context, name);
	if (values->platform_tag) {
		if (platforms_choose_one(&values->platforms, &one, err) < 0)
			return -1;
		options.platforms = &one;
	}
	if (ensure_image(context_session(context), project, name, &options, &result, err) < 0)
		return -1;
	return tell(context, &result, err);
}

const struct command cmd_ensure = {
	.name = "ensure",
	.summary = "pull an image by hash, or build and push it if it is proven absent",
	.usage = "[--push auto|always|never] [--platform-tag] [--wait TIME] [--no-build] "
		 "[--rebuild] [--dry-run] "
		 "[IMAGE]",
	.options = ensure_options,
	.values_size = sizeof(struct ensure_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_ensure,
};
