#include <inttypes.h>
#include <stddef.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/outcome.h"
#include "cli/target_options.h"
#include "image/local_image.h"
#include "image/pull.h"
#include "image/target.h"
#include "image/unpack.h"

struct unpack_values {
	struct target_options target;
	struct platforms platforms;
	bool devices;
	bool offline;
};

static const struct option_spec unpack_option_specs[] = {
	{ "platform", 0, OPTION_PLATFORMS, offsetof(struct unpack_values, platforms), "OS/ARCH",
	  "instead of what this machine runs" },
	{ "devices", 0, OPTION_FLAG, offsetof(struct unpack_values, devices), NULL,
	  "make the device nodes that the image has; as root" },
	{ "offline", 0, OPTION_FLAG, offsetof(struct unpack_values, offline), NULL,
	  "ask nobody: the store has it or it fails" },
	TARGET_OPTIONS(struct unpack_values, target),
	{ 0 },
};

static int
tell(struct context *context, const struct target *target, const struct pull_result *pulled,
     const struct local_image *image, const struct unpack_result *unpacked, struct error **err)
{
	struct outcome outcome = {
		.repository = pulled->repository,
		.tag = target->places[0].reference.tag,
		.digest = &pulled->digest,
		.target = target,
		.details = json_pack("{s:s, s:I, s:I, s:I, s:I}", "manifest",
				     digest_text(&image->digest).text, "entries",
				     (json_int_t)unpacked->entries, "unpacked_bytes",
				     (json_int_t)unpacked->unpacked_bytes, "skipped_devices",
				     (json_int_t)unpacked->skipped_devices, "dropped_xattrs",
				     (json_int_t)unpacked->dropped_xattrs),
	};

	return outcome_tell(context, &outcome, err);
}

static int
unpack(struct context *context, const struct unpack_values *values, const struct target *target,
       const struct unpack_options *options, struct error **err)
{
	const struct pull_options pull_options = {
		.platforms = platforms_said(&values->platforms),
		.offline = values->offline,
	};
	struct session *session = context_session(context);
	AUTO_PULL_RESULT struct pull_result pulled = { 0 };
	AUTO_LOCAL_IMAGE struct local_image image = { 0 };
	struct unpack_result unpacked = { 0 };

	if (pull_image(session, target, &pull_options, &pulled, err) < 0 ||
	    local_image_read(session, &pulled.digest, pull_options.platforms, &image, err) < 0 ||
	    unpack_image(session, &image, options, &unpacked, err) < 0)
		return -1;
	return tell(context, target, &pulled, &image, &unpacked, err);
}

static int
run_unpack(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct unpack_values *values = opaque;
	const char *operand = operands->count > 1 ? operands->items[0] : NULL;
	AUTO_TARGET struct target target = { 0 };
	const struct unpack_options options = {
		.directory = operands->items[operands->count - 1],
		.devices = values->devices,
	};

	if (values->platforms.count > 1)
		return error_set(err, ERROR_USAGE, "a directory holds one platform");
	if (unpack_check_directory(&options, err) < 0 ||
	    target_of_options(context, &values->target, operand, &target, err) < 0)
		return -1;
	return unpack(context, values, &target, &options, err);
}

const struct command cmd_unpack = {
	.name = "unpack",
	.summary = "make an image's root filesystem in a directory",
	.usage = "[--by-hash] [--devices] [--platform OS/ARCH] [IMAGE|REF] DIR",
	.options = unpack_option_specs,
	.values_size = sizeof(struct unpack_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_min = 1,
	.operands_max = 2,
	.run = run_unpack,
};
