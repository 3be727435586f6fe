#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/looking.h"
#include "image/part.h"

struct manifest_values {
	struct target_options target;
	struct platforms platforms;
};

static const struct option_spec manifest_options[] = {
	{ "platform", 0, OPTION_PLATFORMS, offsetof(struct manifest_values, platforms), "OS/ARCH",
	  "this platform's manifest, not the index" },
	TARGET_OPTIONS(struct manifest_values, target),
	{ 0 },
};

/* Byte for byte as it is, so that its digest can be computed: no line end is added. */
static int
write_bytes(struct context *context, const struct buf *bytes, struct error **err)
{
	context->has_result = true;
	if (fwrite(bytes->data, 1, bytes->size, stdout) != bytes->size || fflush(stdout) == EOF)
		return error_set_errno(err, errno, "cannot write to standard output");
	return 0;
}

static int
run_manifest(struct context *context, const void *opaque, const struct strings *operands,
	     struct error **err)
{
	const struct manifest_values *values = opaque;
	struct selection selection = { .platforms = &values->platforms };
	AUTO_LOOKING struct looking looking = { 0 };
	AUTO_IMAGE_NODE struct image_node part = { 0 };

	if (values->platforms.count > 1)
		return error_set(err, ERROR_USAGE, "one --platform has one manifest");
	if (looking_find(context, &values->target, operands, &looking, err) < 0)
		return -1;
	if (values->platforms.count == 0)
		return write_bytes(context, &looking.found.root.bytes, err);
	if (looking_read(context, &selection, &looking, err) < 0 ||
	    image_part_take(&looking.root, &part, err) < 0)
		return -1;
	return write_bytes(context, &part.bytes, err);
}

const struct command cmd_manifest = {
	.name = "manifest",
	.summary = "print a manifest or index, byte for byte",
	.usage = "[--platform OS/ARCH] [--by-hash] [IMAGE|REF]",
	.options = manifest_options,
	.values_size = sizeof(struct manifest_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_manifest,
};
