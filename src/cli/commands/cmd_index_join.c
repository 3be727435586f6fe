#include <limits.h>
#include <stddef.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands/cmd_index.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/outcome.h"
#include "cli/output/json.h"
#include "image/ensure/join.h"
#include "image/resolve/target.h"
#include "oci/document.h"
#include "project/project.h"

struct join_values {
	struct target_options target;
	struct platforms platforms;
	struct strings annotations;
	int64_t wait_ms;
	bool partial;
};

#define AT(member) offsetof(struct join_values, member)

static const struct option_spec join_options[] = {
	{ "platform", 0, OPTION_PLATFORMS, AT(platforms), "OS/ARCH",
	  "join this platform instead of the image's; repeatable" },
	{ "wait", 0, OPTION_DURATION, AT(wait_ms), "TIME", "wait this long for missing platforms" },
	{ "partial", 0, OPTION_FLAG, AT(partial), NULL,
	  "join the present platforms even if others are missing" },
	{ "annotation", 0, OPTION_STRINGS, AT(annotations), "NAME=VALUE",
	  "add an annotation to the index; repeatable" },
	INPUT_OPTIONS(struct join_values, target),
	{ 0 },
};

static void
say_what_is_missing(struct context *context, const struct join_result *result)
{
	AUTO_FREE char *missing = platforms_format(&result->missing, ", ");

	if (result->missing.count > 0)
		context_notice(context, "joined without %s, which nobody has pushed yet", missing);
}

static int
tell(struct context *context, const struct target *target, const struct join_result *result,
     struct error **err)
{
	bool pushed = true;
	struct outcome outcome = {
		.repository = result->repository,
		.tag = target->candidates[0].reference.tag,
		.digest = &result->digest,
		.target = target,
		.present = &result->was_there,
		.pushed = &pushed,
		.details = json_pack("{s:o, s:o}", "platforms", json_platforms(&result->platforms),
				     "missing", json_platforms(&result->missing)),
	};

	say_what_is_missing(context, result);
	return outcome_tell(context, &outcome, err);
}

static int
join_need(struct context *context, const char *name, const struct join_options *options,
	  const struct platforms *wanted, struct error **err)
{
	AUTO_TARGET struct target target = { 0 };
	AUTO_JOIN_RESULT struct join_result result = { 0 };
	struct join_options own = *options;

	if (target_of_project(context->project, name, NULL, &target, err) < 0)
		return -1;
	if (!own.platforms && target.platforms.count == 0)
		own.platforms = wanted;
	if (join_image(context_session(context), &target, &own, &result, err) < 0)
		return -1;
	say_what_is_missing(context, &result);
	return 0;
}

/* As `ensure` has pushed them: those that the image needs first. */
static int
join_needs(struct context *context, const struct target *target, struct join_options *options,
	   struct error **err)
{
	int64_t deadline_ms = deadline_after_ms(options->wait_ms);
	AUTO_FREE const struct project_image **order = NULL;
	size_t count;

	if (!target->image)
		return 0;
	order = project_order(context->project, target->image, &count);
	for (size_t i = 0; i + 1 < count; i++) {
		if (join_need(context, order[i]->name, options, &target->platforms, err) < 0)
			return -1;
		options->wait_ms = deadline_left_ms(deadline_ms, INT_MAX);
	}
	return 0;
}

static int
run_join(struct context *context, const void *opaque, const struct strings *operands,
	 struct error **err)
{
	const struct join_values *values = opaque;
	const char *operand = operands->count > 0 ? operands->items[0] : NULL;
	AUTO_JSON json_t *annotations = annotations_parse(&values->annotations, err);
	AUTO_TARGET struct target target = { 0 };
	AUTO_JOIN_RESULT struct join_result result = { 0 };
	struct join_options options = {
		.platforms = platforms_said(&values->platforms),
		.annotations = annotations,
		.wait_ms = values->wait_ms,
		.partial = values->partial,
	};

	if (!annotations ||
	    target_of_options(context, &values->target, operand, &target, err) < 0 ||
	    join_needs(context, &target, &options, err) < 0 ||
	    join_image(context_session(context), &target, &options, &result, err) < 0)
		return -1;
	return tell(context, &target, &result, err);
}

const struct command cmd_index_join = {
	.name = "join",
	.summary = "join images that were pushed with --platform-tag",
	.usage = "[--wait TIME] [--partial] [--platform OS/ARCH] [--annotation NAME=VALUE] "
		 "[--by-hash] [IMAGE|REF]",
	.options = join_options,
	.values_size = sizeof(struct join_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_join,
};
