/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/output/page.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "oci/media_type.h"

struct referrers_values {
	const char *artifact_type;
};

static const struct option_spec referrers_options[] = {
	{ "artifact-type", 0, OPTION_STRING, offsetof(struct referrers_values, artifact_type),
	  "TYPE", "list only artifacts of this type" },
	{ 0 },
};

/* The digest that is named needs no request; the manifest itself may be gone. */
static int
find_subject(struct context *context, const struct target *target,
	     struct repository **ret_repository, struct digest *ret_digest, struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	const struct location *place = &target->candidates[0];

	*ret_digest = place->reference.digest;
	if (ret_digest->algorithm == DIGEST_NONE) {
		if (find_required_image(context_session(context), target, &found, err) < 0)
			return -1;
		place = &target->candidates[found.place];
		*ret_digest = found.root.descriptor.digest;
	}
	*ret_repository = repository_open(context_session(context), place, REPOSITORY_READ, err);
	return *ret_repository ? 0 : -1;
}

static char *
format_text(const struct descriptors *referrers)
{
	AUTO_PAGE struct page page = { 0 };

	for (size_t i = 0; i < referrers->count; i++) {
		const struct descriptor *entry = &referrers->items[i];

		page_add(&page, "%s %s\n", digest_text(&entry->digest).text,
			 QUOTED(entry->artifact_type ? entry->artifact_type : entry->media_type));
	}
	return page_take(&page);
}

static int
run_referrers(struct context *context, const void *opaque, const struct strings *operands,
	      struct error **err)
{
	const struct referrers_values *values = opaque;
	const char *operand = operands->count > 0 ? operands->items[0] : NULL;
	AUTO_TARGET struct target target = { 0 };
	AUTO_REPOSITORY struct repository *repository = NULL;
	AUTO_DESCRIPTORS struct descriptors referrers = { 0 };
	AUTO_FREE char *subject = NULL;
	AUTO_FREE char *text = NULL;
	struct digest digest;

	if (target_of_options(context, NULL, operand, &target, err) < 0 ||
	    find_subject(context, &target, &repository, &digest, err) < 0 ||
	    repository_list_referrers(repository, &digest, values->artifact_type, &referrers, err) <
		    0)
		return -1;
	if (referrers.count == 0 && !context->options.json)
		return 0;
	subject = format_resolved(repository_name(repository), &digest);
	text = format_text(&referrers);
	return context_result(context, text,
			      json_pack("{s:s, s:o}", "subject", subject, "referrers",
					descriptors_json(&referrers)),
			      err);
}

const struct command cmd_referrers = {
	.name = "referrers",
	.summary = "list the artifacts that refer to an image",
	.usage = "[--artifact-type TYPE] [IMAGE|REF]",
	.options = referrers_options,
	.values_size = sizeof(struct referrers_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_referrers,
};
