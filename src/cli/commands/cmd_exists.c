/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/output/github.h"
#include "cli/output/json.h"
#include "image/resolve/lookup.h"
#include "image/resolve/target.h"
#include "image/trust/verify.h"

struct exists_values {
	struct target_options target;
	struct platforms platforms;
	bool print;
	bool deep;
};

static const struct option_spec exists_options[] = {
	{ "print", 0, OPTION_FLAG, offsetof(struct exists_values, print), NULL,
	  "print present or absent and exit 0 for both; only an unknown answer fails" },
	{ "platform", 0, OPTION_PLATFORMS, offsetof(struct exists_values, platforms), "OS/ARCH",
	  "require this platform; repeatable" },
	{ "deep", 0, OPTION_FLAG, offsetof(struct exists_values, deep), NULL,
	  "request the manifest of each platform, too" },
	TARGET_OPTIONS(struct exists_values, target),
	{ 0 },
};

static json_t *
answer_json(const struct target *target, const struct lookup *lookup)
{
	bool present = lookup->found.root.evidence.presence == PRESENCE_PRESENT;
	AUTO_FREE char *name = target_name(target, lookup->found.place);
	struct digest_text digest = { "" };

	if (present)
		digest = digest_text(&lookup->found.root.descriptor.digest);
	return json_pack("{s:s, s:s, s:s?, s:o, s:o}", "answer", presence_name(lookup->presence),
			 "reference", name, "digest", present ? digest.text : NULL, "missing",
			 json_platforms(&lookup->missing), "evidence",
			 json_pack("{s:i, s:s?, s:s?, s:s?, s:b, s:b, s:s?, s:s?}", "status",
				   lookup->found.root.evidence.http_status, "code",
				   lookup->found.root.evidence.code, "message",
				   lookup->found.root.evidence.message, "accept",
				   lookup->found.root.evidence.accept, "authenticated",
				   lookup->found.root.evidence.authorized, "confirmed",
				   lookup->found.root.evidence.confirmed, "first_answer",
				   lookup->found.root.evidence.first_answer, "request_id",
				   lookup->found.root.evidence.request_id));
}

static int
set_outputs(const struct target *target, const struct lookup *lookup, struct error **err)
{
	AUTO_FREE char *image = location_repository(&target->candidates[lookup->found.place]);
	const char *tag = target->candidates[0].reference.tag;
	bool present = lookup->presence == PRESENCE_PRESENT;

	if (target->by_hash &&
	    github_set_output("fingerprint", digest_hex(&target->fingerprint.digest).text, err) < 0)
		return -1;
	if (tag && github_set_output("tag", tag, err) < 0)
		return -1;
	if (present &&
	    github_set_output("digest", digest_text(&lookup->found.root.descriptor.digest).text,
			      err) < 0)
		return -1;
	if (github_set_output("image", image, err) < 0)
		return -1;
	return github_set_output("present", present ? "true" : "false", err);
}

static int
run_exists(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct exists_values *values = opaque;
	const char *operand = operands->count > 0 ? operands->items[0] : NULL;
	AUTO_TARGET struct target target = { 0 };
	AUTO_LOOKUP struct lookup lookup = { 0 };
	struct lookup_options options = {
		.platforms = platforms_said(&values->platforms),
		.deep = values->deep,
	};
	AUTO_FREE char *image = NULL;
	AUTO_FREE char *resolved = NULL;
	bool present;

	if (target_of_options(context, &values->target, operand, &target, err) < 0 ||
	    lookup_image(context_session(context), &target, &options, &lookup, err) < 0)
		return -1;
	/* A job will run the image that is reported as present, so its signatures are checked. */
	if (lookup.presence == PRESENCE_PRESENT &&
	    verify_required(context_session(context), &target, &lookup.found, false, err) < 0)
		return -1;
	image = location_repository(&target.candidates[lookup.found.place]);
	resolved = format_resolved(image, &lookup.found.root.descriptor.digest);
	present = lookup.presence == PRESENCE_PRESENT;
	if (set_outputs(&target, &lookup, err) < 0)
		return -1;
	if (values->print)
		return context_result(context, presence_name(lookup.presence),
				      answer_json(&target, &lookup), err);
	if ((present || context->options.json) &&
	    context_result(context, resolved, answer_json(&target, &lookup), err) < 0)
		return -1;
	return present ? 0 : refuse_lookup(&target, &lookup, err);
}

const struct command cmd_exists = {
	.name = "exists",
	.summary = "check whether an image is present, proven absent, or unknown",
	.usage = "[--print] [--platform OS/ARCH] [--by-hash] [IMAGE|REF]",
	.options = exists_options,
	.values_size = sizeof(struct exists_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_exists,
};
