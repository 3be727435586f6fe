/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "image/resolve/target.h"
#include "image/transfer/image_tags.h"
#include "oci/document.h"
#include "oci/location.h"

struct tag_values {
	bool no_clobber;
};

static const struct option_spec tag_options[] = {
	{ "no-clobber", 0, OPTION_FLAG, offsetof(struct tag_values, no_clobber), NULL,
	  "fail instead of moving a tag that names another image" },
	{ 0 },
};

/* TAG, or REF:TAG of the same repository, because docker and podman require the whole reference. */
static int
add_tag(const struct target *target, const char *word, struct strings *tags, struct error **err)
{
	const struct location *source = &target->candidates[0];
	AUTO_LOCATION struct location place = { 0 };
	AUTO_FREE char *repository = location_repository(source);
	AUTO_FREE char *named = NULL;
	AUTO_ERROR struct error *unfit = NULL;

	if (reference_tag_is_valid(word)) {
		strings_add(tags, word);
		return 0;
	}
	if (!location_is(word) || location_parse(word, &place, &unfit) < 0 || !place.reference.tag)
		return error_set(err, ERROR_USAGE, "invalid tag '%s'", QUOTED(word));
	named = location_repository(&place);
	if (strcmp(named, repository) != 0) {
		error_set(err, ERROR_USAGE, "'%s' is in another repository", QUOTED(word));
		return error_set_hint(err, "'ocifp copy' copies an image there");
	}
	strings_add(tags, place.reference.tag);
	return 0;
}

static int
run_tag(struct context *context, const void *opaque, const struct strings *operands,
	struct error **err)
{
	const struct tag_values *values = opaque;
	AUTO_TARGET struct target target = { 0 };
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_PUSH_RESULT struct push_result result = { 0 };

	if (target_of_options(context, NULL, operands->items[0], &target, err) < 0)
		return -1;
	for (size_t i = 1; i < operands->count; i++)
		if (add_tag(&target, operands->items[i], &tags, err) < 0)
			return -1;
	if (retag_image(context_session(context), &target, &tags, values->no_clobber, &result,
			err) < 0)
		return -1;
	return context_result_image(context, result.repository, &result.digest,
				    json_pack("{s:o}", "tags", json_strings(&tags)), err);
}

const struct command cmd_tag = {
	.name = "tag",
	.summary = "add tags to an image in a repository",
	.usage = "[--no-clobber] IMAGE|REF TAG...",
	.options = tag_options,
	.values_size = sizeof(struct tag_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_min = 2,
	.operands_max = OPERANDS_ANY,
	.run = run_tag,
};
