/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/inspected.h"
#include "image/document/image_node.h"
#include "image/trust/verify.h"

struct digest_values {
	struct target_options target;
	struct platforms platforms;
};

static const struct option_spec digest_options[] = {
	{ "platform", 0, OPTION_PLATFORMS, offsetof(struct digest_values, platforms), "OS/ARCH",
	  "print the digest of this platform's manifest, not of the index" },
	TARGET_OPTIONS(struct digest_values, target),
	{ 0 },
};

static int
run_digest(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct digest_values *values = opaque;
	struct selection selection = { .platforms = &values->platforms };
	AUTO_INSPECTED struct inspected inspected = { 0 };
	AUTO_IMAGE_NODE struct image_node part = { 0 };
	AUTO_FREE char *name = NULL;
	struct digest_text text;

	/* The digest of the root, which other tools pin. */
	if (inspected_find(context, &values->target, operands, &inspected, err) < 0 ||
	    verify_required(context_session(context), &inspected.target, &inspected.found, false,
			    err) < 0)
		return -1;
	text = digest_text(&inspected.found.root.descriptor.digest);
	if (values->platforms.count > 1)
		return error_set(err, ERROR_USAGE, "expected one --platform");
	if (values->platforms.count == 1) {
		if (inspected_read(&selection, &inspected, err) < 0 ||
		    image_part_take(&inspected.root, &part, err) < 0)
			return -1;
		text = digest_text(&part.descriptor.digest);
	}
	name = target_name(&inspected.target, inspected.found.place);
	return context_result(context, text.text,
			      json_pack("{s:s, s:s}", "reference", name, "digest", text.text), err);
}

const struct command cmd_digest = {
	.name = "digest",
	.summary = "print the digest that a reference resolves to",
	.usage = "[--platform OS/ARCH] [--by-hash] [IMAGE|REF]",
	.options = digest_options,
	.values_size = sizeof(struct digest_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_digest,
};
