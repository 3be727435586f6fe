/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/commands/copy_many.h"
#include "cli/context.h"
#include "cli/options/spelling.h"
#include "cli/options/target_options.h"
#include "cli/outcome.h"
#include "cli/output/page.h"
#include "image/resolve/target.h"
#include "image/transfer/copy_image.h"

struct copy_values {
	struct platforms platforms;
	bool all;
	bool referrers;
	bool no_clobber;
	struct copy_many_values many;
};

static const struct option_spec copy_options[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct copy_values, all), NULL,
	  "copy all platforms, byte for byte (default)" },
	{ "platform", 0, OPTION_PLATFORMS, offsetof(struct copy_values, platforms), "OS/ARCH",
	  "copy only this platform; repeatable: several become a new index" },
	{ "referrers", 0, OPTION_FLAG, offsetof(struct copy_values, referrers), NULL,
	  "copy signatures and other artifacts that refer to the image, too" },
	{ "no-clobber", 0, OPTION_FLAG, offsetof(struct copy_values, no_clobber), NULL,
	  "fail instead of moving a tag that names another image" },
	{ "all-tags", 0, OPTION_FLAG, offsetof(struct copy_values, many.all_tags), NULL,
	  "copy every tag of a repository to another repository" },
	TAG_FILTER_OPTIONS(struct copy_values, many.filter),
	{ "list", 0, OPTION_STRING, offsetof(struct copy_values, many.list), "FILE",
	  "copy what each line of this file names: SOURCE DESTINATION" },
	{ "missing", 0, OPTION_FLAG, offsetof(struct copy_values, many.missing_only), NULL,
	  "copy only tags that the destination does not have" },
	{ "dry-run", 'n', OPTION_FLAG, offsetof(struct copy_values, many.dry_run), NULL,
	  "print what would be copied, and copy nothing" },
	{ 0 },
};

/* The destinations and what became of them. */
struct copies {
	struct location *places;
	struct copy_result *results;
	size_t count;
};

static void
copies_release(struct copies *copies)
{
	for (size_t i = 0; i < copies->count; i++) {
		location_release(&copies->places[i]);
		copy_result_release(&copies->results[i]);
	}
	free(copies->places);
	free(copies->results);
}

static json_t *
describe_all(const struct context *context, const struct copies *copies)
{
	json_t *list = json_array();
	json_t *object;

	for (size_t i = 0; i < copies->count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s?, s:s, s:b}", "image",
						      copies->results[i].repository, "tag",
						      copies->results[i].tag, "digest",
						      digest_text(&copies->results[i].digest).text,
						      "present", copies->results[i].was_there));
	object = json_pack("{s:s, s:o}", "digest", digest_text(&copies->results[0].digest).text,
			   "destinations", list);
	outcome_add_counts(context, object);
	return object;
}

static int
tell(struct context *context, const struct copies *copies, struct error **err)
{
	AUTO_PAGE struct page page = { 0 };
	AUTO_FREE char *text = NULL;
	bool stdout_is_taken = false;

	for (size_t i = 0; i < copies->count; i++) {
		const struct copy_result *result = &copies->results[i];
		const char *path = copies->places[i].path;

		stdout_is_taken = stdout_is_taken || (path && strcmp(path, "-") == 0);
		page_add(&page, "%s@%s\n", result->repository, digest_text(&result->digest).text);
	}
	text = page_take(&page);
	if (!stdout_is_taken)
		return context_result(context, text, describe_all(context, copies), err);
	context->has_result = true;
	context_notice(context, "%s", text);
	return 0;
}

static int
check_usage(const struct copy_values *values, const struct strings *operands, struct error **err)
{
	const struct copy_many_values *many = &values->many;
	const struct tag_filter *filter = &many->filter;

	if (values->all && platforms_said(&values->platforms))
		return error_set(err, ERROR_USAGE, "--all and --platform exclude each other");
	if (!many->all_tags && (filter->include.count > 0 || filter->exclude.count > 0))
		return error_set(err, ERROR_USAGE, "--include and --exclude require --all-tags");
	if (!many->all_tags && filter->no_digest_tags)
		return error_set(err, ERROR_USAGE, "--no-digest-tags requires --all-tags");
	if (copy_many_is_said(many))
		return 0;
	if (many->missing_only || many->dry_run)
		return error_set(err, ERROR_USAGE, "%s requires --all-tags or --list",
				 many->missing_only ? "--missing" : "--dry-run");
	if (operands->count < 2) {
		error_set(err, ERROR_USAGE, "operands are missing");
		return error_set_hint(err, "usage: ocifp copy %s", cmd_copy.usage);
	}
	return 0;
}

static int
run_copy(struct context *context, const void *opaque, const struct strings *operands,
	 struct error **err)
{
	const struct copy_values *values = opaque;
	AUTO_TARGET struct target source = { 0 };
	CLEANUP(copies_release) struct copies copies = { 0 };
	struct copy_options options = {
		.platforms = platforms_said(&values->platforms),
		.referrers = values->referrers,
		.no_clobber = values->no_clobber,
	};

	if (check_usage(values, operands, err) < 0)
		return -1;
	if (copy_many_is_said(&values->many))
		return copy_many(context, &values->many, operands, &options, err);
	copies.count = operands->count - 1;
	copies.places = xcalloc(copies.count, sizeof(*copies.places));
	copies.results = xcalloc(copies.count, sizeof(*copies.results));
	for (size_t i = 0; i < copies.count; i++) {
		AUTO_FREE char *text = spelling_of_output(context, operands->items[i + 1]);

		if (location_parse(text, &copies.places[i], err) < 0)
			return -1;
		context_log_in_at(context, &copies.places[i]);
	}
	if (target_of_options(context, NULL, operands->items[0], &source, err) < 0)
		return -1;
	options.destinations = copies.places;
	options.destination_count = copies.count;
	if (copy_image(context_session(context), &source, &options, copies.results, err) < 0)
		return -1;
	return tell(context, &copies, err);
}

const struct command cmd_copy = {
	.name = "copy",
	.summary = "copy an image between registries, layouts and archives",
	.usage = "[-a] [--platform OS/ARCH] [--referrers] [--no-clobber] [--all-tags] [--list "
		 "FILE] [IMAGE|REF DESTINATION...]",
	.options = copy_options,
	.values_size = sizeof(struct copy_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = OPERANDS_ANY,
	.run = run_copy,
};
