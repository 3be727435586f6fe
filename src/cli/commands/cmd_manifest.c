/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stddef.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/inspected.h"
#include "image/document/image_node.h"
#include "image/transfer/put_document.h"

struct manifest_values {
	struct target_options target;
	const char *file; /* --put */
	struct platforms platforms;
};

static const struct option_spec manifest_options[] = {
	{ "platform", 0, OPTION_PLATFORMS, offsetof(struct manifest_values, platforms), "OS/ARCH",
	  "print this platform's manifest, not the index" },
	{ "put", 0, OPTION_STRING, offsetof(struct manifest_values, file), "FILE",
	  "upload this file, byte for byte, instead of printing" },
	TARGET_OPTIONS(struct manifest_values, target),
	{ 0 },
};

static int
put_file(struct context *context, const struct manifest_values *values,
	 const struct strings *operands, struct error **err)
{
	const char *operand = operands->count > 0 ? operands->items[0] : NULL;
	AUTO_TARGET struct target target = { 0 };
	AUTO_BUF struct buf bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_FREE char *repository = NULL;
	struct digest digest;

	if (file_read(AT_FDCWD, values->file, &bytes, err) < 0 ||
	    target_of_options(context, &values->target, operand, &target, err) < 0)
		return -1;
	if (put_document(context_session(context), &target.candidates[0], &bytes, &digest, err) < 0)
		return error_wrap(err, "cannot upload \'%s\'", QUOTED(values->file));
	repository = location_repository(&target.candidates[0]);
	return context_result_image(context, repository, &digest,
				    json_pack("{s:s?}", "tag", target.candidates[0].reference.tag),
				    err);
}

static int
run_manifest(struct context *context, const void *opaque, const struct strings *operands,
	     struct error **err)
{
	const struct manifest_values *values = opaque;
	struct selection selection = { .platforms = &values->platforms };
	AUTO_INSPECTED struct inspected inspected = { 0 };
	AUTO_IMAGE_NODE struct image_node part = { 0 };

	if (values->platforms.count > 1)
		return error_set(err, ERROR_USAGE, "expected one --platform");
	if (values->file)
		return put_file(context, values, operands, err);
	if (inspected_find(context, &values->target, operands, &inspected, err) < 0)
		return -1;
	if (values->platforms.count == 0)
		return context_result_bytes(context, &inspected.found.root.bytes, err);
	if (inspected_read(&selection, &inspected, err) < 0 ||
	    image_part_take(&inspected.root, &part, err) < 0)
		return -1;
	return context_result_bytes(context, &part.bytes, err);
}

const struct command cmd_manifest = {
	.name = "manifest",
	.summary = "print or upload a manifest or index, byte for byte",
	.usage = "[--platform OS/ARCH] [--put FILE] [--by-hash] [IMAGE|REF]",
	.options = manifest_options,
	.values_size = sizeof(struct manifest_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_manifest,
};
