/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "archive/output.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/target_options.h"
#include "cli/outcome.h"
#include "cli/output/progress.h"
#include "cli/output/terminal.h"
#include "image/resolve/target.h"
#include "image/unpack/export.h"
#include "stream/sink.h"

struct export_values {
	struct target_options target;
	struct platforms platforms;
	bool offline;
	const char *output; /* of export; NULL: stdout */
};

#define READ_OPTIONS \
	{ "platform",       0, \
	  OPTION_PLATFORMS, offsetof(struct export_values, platforms), \
	  "OS/ARCH",        "read this platform instead of this machine's" }, \
		{ "offline",   0, \
		  OPTION_FLAG, offsetof(struct export_values, offline), \
		  NULL,        "do not use the network; fail if the store lacks the image" }, \
		TARGET_OPTIONS(struct export_values, target)

static const struct option_spec export_options[] = {
	{ "output", 'o', OPTION_STRING, offsetof(struct export_values, output), "FILE",
	  "write to this file instead of standard output ('-')" },
	READ_OPTIONS,
	{ 0 },
};

static const struct option_spec cat_options[] = { READ_OPTIONS, { 0 } };

static int
read_image(struct context *context, const struct export_values *values, const char *operand,
	   const char *path, struct sink *sink, struct target *target, struct pull_result *result,
	   struct error **err)
{
	const struct pull_options options = {
		.platforms = platforms_said(&values->platforms),
		.offline = values->offline,
	};

	if (values->platforms.count > 1)
		return error_set(err, ERROR_USAGE, "expected one --platform");
	return target_of_options(context, &values->target, operand, target, err) < 0
		       ? -1
		       : export_image(context_session(context), target, &options, path, sink,
				      result, err);
}

static int
run_export(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct export_values *values = opaque;
	const char *operand = operands->count > 0 ? operands->items[0] : NULL;
	AUTO_TARGET struct target target = { 0 };
	AUTO_PULL_RESULT struct pull_result result = { 0 };
	AUTO_OUTPUT struct output output = OUTPUT_INIT;
	AUTO_SINK struct sink *sink = NULL;
	struct outcome outcome;

	if (output_open(values->output ? values->output : "-", &output, err) < 0)
		return -1;
	sink = sink_fd(output.fd, output.path);
	if (read_image(context, values, operand, NULL, sink, &target, &result, err) < 0 ||
	    output_commit(&output, err) < 0)
		return -1;
	outcome = outcome_of(&target, result.repository, &result.digest);
	outcome.stdout_is_taken = !values->output || strcmp(values->output, "-") == 0;
	return outcome_tell(context, &outcome, err);
}

static int
run_cat(struct context *context, const void *opaque, const struct strings *operands,
	struct error **err)
{
	const char *operand = operands->count > 1 ? operands->items[0] : NULL;
	const char *path = operands->items[operands->count - 1];
	AUTO_TARGET struct target target = { 0 };
	AUTO_PULL_RESULT struct pull_result result = { 0 };
	AUTO_SINK struct sink *sink = sink_stdout();

	if (refuse_image_operand(path, "PATH", context, err) < 0)
		return -1;
	context->has_result = true;
	progress_yield(context->progress);
	return read_image(context, opaque, operand, path, sink, &target, &result, err);
}

const struct command cmd_export = {
	.name = "export",
	.summary = "write an image's root filesystem as one tar",
	.usage = "[-o FILE] [--by-hash] [--platform OS/ARCH] [IMAGE|REF]",
	.options = export_options,
	.values_size = sizeof(struct export_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = 1,
	.run = run_export,
};

const struct command cmd_cat = {
	.name = "cat",
	.summary = "print a file of an image",
	.usage = "[--by-hash] [--platform OS/ARCH] [IMAGE|REF] PATH",
	.options = cat_options,
	.values_size = sizeof(struct export_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_min = 1,
	.operands_max = 2,
	.run = run_cat,
};
