/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/options/derive_options.h"
#include "cli/options/image_options.h"
#include "image/make/derive.h"

struct flatten_values {
	struct output_options output;
	struct compression_options form;
};

static const struct option_spec flatten_options[] = {
	OUTPUT_OPTIONS(struct flatten_values, output),
	COMPRESSION_OPTIONS(struct flatten_values, form,
			    "compression of the layer; gzip by default"),
	{ 0 },
};

static int
run_flatten(struct context *context, const void *opaque, const struct strings *operands,
	    struct error **err)
{
	const struct flatten_values *values = opaque;
	struct derive_options derive = {
		.base = operands->items[0],
		.of_base = DERIVE_FLATTEN,
	};

	return compression_options_read(&values->form, &derive, err) < 0
		       ? -1
		       : derive_and_tell(context, &values->output, NULL, &derive, err);
}

const struct command cmd_flatten = {
	.name = "flatten",
	.summary = "make one layer of all layers of an image",
	.usage = "[--compression METHOD] [--level N] -o WHERE|-t REF [--push] [--platform OS/ARCH] "
		 "REF",
	.options = flatten_options,
	.values_size = sizeof(struct flatten_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_flatten,
};
