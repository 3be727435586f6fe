/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/options/derive_options.h"
#include "image/make/derive.h"

struct rebase_values {
	const char *old_base;
	const char *new_base;
	struct output_options output;
};

static const struct option_spec rebase_options[] = {
	{ "old-base", 0, OPTION_STRING, offsetof(struct rebase_values, old_base), "REF",
	  "the image that it was built on; by default what its annotations say" },
	{ "new-base", 0, OPTION_STRING, offsetof(struct rebase_values, new_base), "REF",
	  "the image to put it on; by default what its annotations name" },
	OUTPUT_OPTIONS(struct rebase_values, output),
	{ 0 },
};

static int
run_rebase(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct rebase_values *values = opaque;
	struct derive_options derive = {
		.base = operands->items[0],
		.of_base = DERIVE_REBASE,
		.old_base = values->old_base,
		.new_base = values->new_base,
	};

	return derive_and_tell(context, &values->output, NULL, &derive, err);
}

const struct command cmd_rebase = {
	.name = "rebase",
	.summary = "put an image's upper layers on a newer base",
	.usage = "[--old-base REF] [--new-base REF] -o WHERE|-t REF [--push] [--platform "
		 "OS/ARCH] REF",
	.options = rebase_options,
	.values_size = sizeof(struct rebase_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_rebase,
};
