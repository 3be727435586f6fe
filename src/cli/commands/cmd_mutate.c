/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/derive_options.h"
#include "cli/options/image_options.h"
#include "oci/document.h"

struct mutate_values {
	struct output_options output;
	struct compression_options form;
	const char *format;
	struct image_options image;
};

static const struct option_spec mutate_options[] = {
	OUTPUT_OPTIONS(struct mutate_values, output),
	COMPRESSION_OPTIONS(struct mutate_values, form,
			    "compress the layers with this; without --level, all that are not"),
	{ "format", 0, OPTION_STRING, offsetof(struct mutate_values, format), "oci|docker",
	  "give documents and layers the media types of OCI or of Docker" },
	CHANGE_OPTIONS(struct mutate_values, output),
	IMAGE_OPTIONS(struct mutate_values, image),
	{ 0 },
};

static int
read_form(const struct mutate_values *values, struct derive_options *derive, struct error **err)
{
	if (values->form.level > 0 && !values->form.compression)
		return error_set(err, ERROR_USAGE, "--level requires --compression");
	if (values->form.compression)
		derive->of_base = DERIVE_RECOMPRESS;
	if (values->format)
		derive->family = strcmp(values->format, "docker") == 0 ? MEDIA_FAMILY_DOCKER
								       : MEDIA_FAMILY_OCI;
	return compression_options_read(&values->form, derive, err);
}

static int
run_mutate(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct mutate_values *values = opaque;
	AUTO_JSON json_t *annotations = NULL;
	bool is_changed = image_options_are_said(&values->image) || values->output.new_platform ||
			  values->output.cleared.count > 0;
	struct derive_options derive = { .base = operands->items[0] };
	struct config_change change;

	if (!is_changed && !values->form.compression && !values->format)
		return error_set(err, ERROR_USAGE, "no change given");
	if (image_options_read(&values->image, &change, &annotations, &derive, err) < 0 ||
	    read_form(values, &derive, err) < 0)
		return -1;
	if (!change.created_by)
		change.created_by = PACKAGE_NAME " mutate";
	/* Neither the time of the image nor its history change with its form. */
	if (!is_changed)
		derive.change = NULL;
	return derive_and_tell(context, &values->output, &change, &derive, err);
}

const struct command cmd_mutate = {
	.name = "mutate",
	.summary = "change an image's environment, labels, compression and other settings",
	.usage = "-o WHERE|-t REF [--push] REF",
	.options = mutate_options,
	.values_size = sizeof(struct mutate_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_min = 1,
	.operands_max = 1,
	.run = run_mutate,
};
