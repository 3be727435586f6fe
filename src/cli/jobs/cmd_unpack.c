/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stddef.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/outcome.h"
#include "image/resolve/target.h"
#include "image/unpack/unpack.h"

struct unpack_values {
	struct target_options target;
	struct platforms platforms;
	bool devices;
	bool offline;
};

static const struct option_spec unpack_option_specs[] = {
	{ "platform", 0, OPTION_PLATFORMS, offsetof(struct unpack_values, platforms), "OS/ARCH",
	  "unpack this platform instead of this machine's" },
	{ "devices", 0, OPTION_FLAG, offsetof(struct unpack_values, devices), NULL,
	  "create the image's device nodes; requires root" },
	{ "offline", 0, OPTION_FLAG, offsetof(struct unpack_values, offline), NULL,
	  "do not use the network; fail if the store lacks the image" },
	TARGET_OPTIONS(struct unpack_values, target),
	{ 0 },
};

static int
tell(struct context *context, const struct target *target, const struct unpacked_pull *result,
     struct error **err)
{
	const struct unpack_result *unpacked = &result->unpacked;
	struct outcome outcome =
		outcome_of(target, result->pulled.repository, &result->pulled.digest);

	outcome.details = json_pack("{s:s, s:I, s:I, s:I, s:I}", "manifest",
				    digest_text(&result->manifest).text, "entries",
				    (json_int_t)unpacked->entries, "unpacked_bytes",
				    (json_int_t)unpacked->unpacked_bytes, "skipped_devices",
				    (json_int_t)unpacked->skipped_devices, "dropped_xattrs",
				    (json_int_t)unpacked->dropped_xattrs);
	return outcome_tell(context, &outcome, err);
}

static int
run_unpack(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct unpack_values *values = opaque;
	const char *operand = operands->count > 1 ? operands->items[0] : NULL;
	AUTO_TARGET struct target target = { 0 };
	AUTO_UNPACKED_PULL struct unpacked_pull result = { 0 };
	const struct pull_options pull_options = {
		.platforms = platforms_said(&values->platforms),
		.offline = values->offline,
	};
	const struct unpack_options options = {
		.directory = operands->items[operands->count - 1],
		.devices = values->devices,
	};

	if (values->platforms.count > 1)
		return error_set(err, ERROR_USAGE, "a directory can hold one platform");
	if (refuse_image_operand(options.directory, "DIR", context, err) < 0 ||
	    unpack_check_directory(&options, err) < 0 ||
	    target_of_options(context, &values->target, operand, &target, err) < 0 ||
	    unpack_pull(context_session(context), &target, &pull_options, &options, &result, err) <
		    0)
		return -1;
	return tell(context, &target, &result, err);
}

const struct command cmd_unpack = {
	.name = "unpack",
	.summary = "unpack an image's root filesystem into a directory",
	.usage = "[--by-hash] [--devices] [--platform OS/ARCH] [IMAGE|REF] DIR",
	.options = unpack_option_specs,
	.values_size = sizeof(struct unpack_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_min = 1,
	.operands_max = 2,
	.run = run_unpack,
};
