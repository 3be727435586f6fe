/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output/page.h"
#include "image/resolve/target.h"
#include "image/transfer/image_tags.h"
#include "oci/document.h"
#include "oci/location.h"
#include "project/project.h"

struct rm_values {
	bool dry_run;
	bool ignore_missing;
};

static const struct option_spec rm_options[] = {
	{ "dry-run", 'n', OPTION_FLAG, offsetof(struct rm_values, dry_run), NULL,
	  "print what would be removed, and remove nothing" },
	{ "ignore-missing", 0, OPTION_FLAG, offsetof(struct rm_values, ignore_missing), NULL,
	  "succeed if a tag or manifest does not exist" },
	{ 0 },
};

/* The manifest, if it is removed, and the removed tags. */
static json_t *
list_removed(struct page *page, const struct location *location, const struct removal *removal)
{
	AUTO_FREE char *repository = location_repository(location);
	AUTO_FREE char *name = location_format(location);
	bool by_digest = location->reference.digest.algorithm != DIGEST_NONE;

	if (by_digest)
		page_add(page, "%s\n", name);
	for (size_t i = 0; i < removal->tags.count; i++)
		page_add(page, "%s:%s\n", repository, QUOTED(removal->tags.items[i]));
	return json_pack("{s:s, s:s?, s:o, s:i}", "image", repository, "digest",
			 by_digest ? digest_text(&location->reference.digest).text : NULL, "tags",
			 json_strings(&removal->tags), "referrers", (int)removal->referrer_count);
}

/* Each commit may have a tag of a project's image, so the user has to name one. */
static int
refuse_image(struct context *context, const char *text, struct error **err)
{
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_TARGET struct target target = { 0 };
	AUTO_LOCATION struct location location = { 0 };
	const struct project *project = context_find_project(context, &ignored);
	AUTO_FREE char *name = NULL;

	if (!project || !project_has_image(project, text))
		return location_parse(text, &location, err);
	error_set(err, ERROR_USAGE,
		  "cannot remove image '%s': expected HOST/NAME:TAG or "
		  "HOST/NAME@DIGEST",
		  QUOTED(text));
	if (target_of_project(project, text, NULL, &target, &ignored) < 0)
		return -1;
	name = target_name(&target, 0);
	return error_set_hint(err, "the tag of its inputs is now '%s'", QUOTED(name));
}

static int
remove_one(struct context *context, const char *text, const struct rm_values *values,
	   struct page *page, json_t *removed, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;
	AUTO_LOCATION struct location location = { 0 };
	AUTO_REMOVAL struct removal removal = { 0 };

	if (!location_is(text))
		return refuse_image(context, text, err);
	if (location_parse(text, &location, err) < 0)
		return -1;
	context_log_in_at(context, &location);
	if (remove_image(context_session(context), &location, values->dry_run, &removal, &failure) <
	    0) {
		if (!values->ignore_missing || !error_is(failure, ERROR_ABSENT))
			return error_pass(err, TAKE_PTR(failure));
		context_notice(context, "%s", error_text(failure));
		return 0;
	}
	if (removal.referrer_count > 0)
		context_notice(context, "%zu referrers of '%s' are left without their subject",
			       removal.referrer_count, text);
	json_array_append_new(removed, list_removed(page, &location, &removal));
	return 0;
}

static int
run_rm(struct context *context, const void *opaque, const struct strings *operands,
       struct error **err)
{
	const struct rm_values *values = opaque;
	AUTO_PAGE struct page page = { 0 };
	json_t *removed = json_array();
	json_t *object = json_pack("{s:b, s:o}", "dry_run", values->dry_run, "removed", removed);

	for (size_t i = 0; i < operands->count; i++) {
		if (remove_one(context, operands->items[i], values, &page, removed, err) < 0) {
			json_decref(object);
			return -1;
		}
	}
	return context_result_page(context, &page, object, err);
}

const struct command cmd_remove = {
	.name = "rm",
	.summary = "remove a tag, or a manifest and all its tags",
	.usage = "[-n] [--ignore-missing] REF...",
	.options = rm_options,
	.values_size = sizeof(struct rm_values),
	.groups = OPTIONS_NETWORK,
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.run = run_rm,
};
