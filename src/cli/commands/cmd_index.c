/* SPDX-License-Identifier: Apache-2.0 */

#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/inspected.h"
#include "cli/options/image_options.h"
#include "cli/options/target_options.h"
#include "cli/outcome.h"
#include "cli/output/json.h"
#include "cli/output/page.h"
#include "image/document/content.h"
#include "image/ensure/join.h"
#include "image/ensure/moving_tags.h"
#include "image/make/compose.h"
#include "image/resolve/target.h"
#include "oci/document.h"
#include "oci/index.h"
#include "oci/location.h"
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
		context_notice(context, "joined without %s, which was not pushed yet", missing);
}

/* Further tags are not set on an index that lacks a platform, or on a fallback's. */
static int
keep_tags(struct context *context, const struct target *target, const struct join_result *result,
	  struct error **err)
{
	AUTO_FREE char *own = location_repository(&target->candidates[0]);

	if (!target->by_hash || result->missing.count > 0 || strcmp(own, result->repository) != 0)
		return 0;
	return moving_tags_keep(context_session(context), target, &result->digest, err);
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
	target_prefer_pull_requests(&target);
	if (!own.platforms && target.platforms.count == 0)
		own.platforms = wanted;
	if (join_image(context_session(context), &target, &own, &result, err) < 0 ||
	    keep_tags(context, &target, &result, err) < 0)
		return -1;
	say_what_is_missing(context, &result);
	return 0;
}

/* As `ensure` has pushed them: needed images first. */
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
	const bool pushed = true;
	struct outcome outcome;

	if (!annotations || target_of_options(context, &values->target, operand, &target, err) < 0)
		return -1;
	target_prefer_pull_requests(&target);
	if (join_needs(context, &target, &options, err) < 0 ||
	    join_image(context_session(context), &target, &options, &result, err) < 0 ||
	    keep_tags(context, &target, &result, err) < 0)
		return -1;
	outcome = outcome_of(&target, result.repository, &result.digest);
	outcome.present = &result.was_there;
	outcome.pushed = &pushed;
	outcome.details = json_pack("{s:o, s:o}", "platforms", json_platforms(&result.platforms),
				    "missing", json_platforms(&result.missing));
	say_what_is_missing(context, &result);
	return outcome_tell(context, &outcome, err);
}

static const struct command cmd_join = {
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

struct ls_values {
	struct target_options target;
};

static const struct option_spec ls_options[] = {
	TARGET_OPTIONS(struct ls_values, target),
	{ 0 },
};

/* What the entry attests, its artifact type, or its platform. */
static char *
describe(const struct descriptor *entry)
{
	AUTO_FREE char *platform = entry->has_platform ? platform_format(&entry->platform) : NULL;
	const char *attests = descriptor_annotation(entry, "vnd.docker.reference.type");

	if (attests)
		return text_quote_string(attests);
	if (!image_index_entry_is_image(entry) && entry->artifact_type)
		return text_quote_string(entry->artifact_type);
	return text_quote_string(platform ? platform : "-");
}

static json_t *
index_json(const struct inspected *inspected, const struct image_index *index)
{
	const struct descriptor *root = &inspected->found.root.descriptor;
	json_t *entries = json_array();
	json_t *object;

	for (size_t i = 0; i < index->manifests.count; i++)
		json_array_append_new(entries, descriptor_json(&index->manifests.items[i]));
	object = json_pack("{s:s, s:s, s:o}", "digest", digest_text(&root->digest).text,
			   "media_type", root->media_type, "manifests", entries);
	if (index->annotations)
		json_object_set(object, "annotations", index->annotations);
	return object;
}

static int
run_ls(struct context *context, const void *opaque, const struct strings *operands,
       struct error **err)
{
	const struct ls_values *values = opaque;
	AUTO_INSPECTED struct inspected inspected = { 0 };
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_PAGE struct page page = { 0 };
	AUTO_FREE char *text = NULL;

	if (inspected_find(context, &values->target, operands, &inspected, err) < 0 ||
	    content_get_entries(&inspected.content, &inspected.found.root, &index, err) < 0)
		return -1;
	for (size_t i = 0; i < index.manifests.count; i++) {
		AUTO_FREE char *what = describe(&index.manifests.items[i]);

		page_add(&page, "%s %s\n", digest_text(&index.manifests.items[i].digest).text,
			 what);
	}
	text = index.manifests.count > 0 ? page_take(&page) : xstrdup("");
	return context_result(context, text, index_json(&inspected, &index), err);
}

static const struct command cmd_ls = {
	.name = "ls",
	.summary = "list the entries of an index",
	.usage = "[--by-hash] [IMAGE|REF]",
	.options = ls_options,
	.values_size = sizeof(struct ls_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_ls,
};

struct edit_values {
	struct strings annotations;
	struct strings entry_annotations;
};

#define ANNOTATION_OPTION \
	{ \
		"annotation", 0, OPTION_STRINGS, offsetof(struct edit_values, annotations), \
			"NAME=VALUE", "add an annotation to the index; repeatable" \
	}

static const struct option_spec edit_options[] = { ANNOTATION_OPTION, { 0 } };

static const struct option_spec put_options[] = {
	ANNOTATION_OPTION,
	{ "entry-annotation", 0, OPTION_STRINGS, offsetof(struct edit_values, entry_annotations),
	  "NAME=VALUE", "add an annotation to the entries of the sources; repeatable" },
	{ 0 },
};

/* The first operand is the index; `options` hold the changes. */
static int
edit(struct context *context, const struct edit_values *values, const struct strings *operands,
     struct compose_options *options, struct error **err)
{
	AUTO_LOCATION struct location location = { 0 };
	AUTO_COMPOSE_RESULT struct compose_result result = { 0 };
	AUTO_JSON json_t *annotations = annotations_parse(&values->annotations, err);
	AUTO_JSON json_t *entry_annotations = NULL;
	const bool pushed = true;
	struct outcome outcome;

	if (annotations)
		entry_annotations = annotations_parse(&values->entry_annotations, err);
	if (!entry_annotations || location_parse(operands->items[0], &location, err) < 0)
		return -1;
	if (!location.reference.tag || location.reference.digest.algorithm != DIGEST_NONE)
		return error_set(err, ERROR_USAGE, "an index needs a tag: '%s' has %s",
				 operands->items[0], location.reference.tag ? "a digest" : "none");
	options->annotations = annotations;
	options->entry_annotations = entry_annotations;
	context_log_in_at(context, &location);
	if (compose_index(context_session(context), &location, options, &result, err) < 0)
		return -1;
	outcome = (struct outcome){
		.repository = result.repository,
		.tag = location.reference.tag,
		.digest = &result.digest,
		.present = &result.was_there,
		.pushed = &pushed,
	};
	return outcome_tell(context, &outcome, err);
}

static int
run_create(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	struct compose_options options = {
		.from_scratch = true,
		.sources = (const char *const *)operands->items + 1,
		.source_count = operands->count - 1,
	};

	return edit(context, opaque, operands, &options, err);
}

static int
run_add(struct context *context, const void *opaque, const struct strings *operands,
	struct error **err)
{
	struct compose_options options = {
		.sources = (const char *const *)operands->items + 1,
		.source_count = operands->count - 1,
	};

	return edit(context, opaque, operands, &options, err);
}

static int
run_rm(struct context *context, const void *opaque, const struct strings *operands,
       struct error **err)
{
	struct compose_options options = {
		.drops = (const char *const *)operands->items + 1,
		.drop_count = operands->count - 1,
	};

	return edit(context, opaque, operands, &options, err);
}

#define EDIT_COMMAND(name_, summary_, options_, usage_, run_) \
	{ \
		.name = (name_), .summary = (summary_), \
		.usage = "[--annotation NAME=VALUE] " usage_, .options = (options_), \
		.values_size = sizeof(struct edit_values), \
		.groups = OPTIONS_NETWORK | OPTIONS_STORE, .operands_min = 2, \
		.operands_max = OPERANDS_ANY, .run = (run_), \
	}

#define PUT_USAGE "[--entry-annotation NAME=VALUE] REF SOURCE..."

static const struct command cmd_create = EDIT_COMMAND(
	"create", "make an index from existing images", put_options, PUT_USAGE, run_create);

static const struct command cmd_add =
	EDIT_COMMAND("add", "add images to an index, or replace those of the same platform",
		     put_options, PUT_USAGE, run_add);

static const struct command cmd_rm = EDIT_COMMAND("rm", "remove platforms or digests from an index",
						  edit_options, "REF OS/ARCH|DIGEST...", run_rm);

const struct command cmd_index = {
	.name = "index",
	.summary = "publish images for several platforms under one tag",
	.subcommands = (const struct command *const[]){ &cmd_create, &cmd_join, &cmd_add, &cmd_ls,
							&cmd_rm, NULL },
};
