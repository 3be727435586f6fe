/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options/target_options.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options/spelling.h"
#include "image/resolve/target.h"
#include "oci/location.h"

int
inputs_of_options(const struct context *context, const struct target_options *options,
		  struct fingerprint_inputs *inputs, struct error **err)
{
	inputs->directory = context->options.directory ? context->options.directory : ".";
	inputs->tracked = options->tracked;
	strings_copy(&options->inputs, &inputs->paths);
	strings_copy(&options->optional, &inputs->optional);
	strings_copy(&options->exclude, &inputs->exclude);
	if (options->scheme && fingerprint_scheme_parse(options->scheme, &inputs->scheme, err) < 0)
		return -1;
	for (size_t i = 0; i < options->args.count; i++) {
		const char *equals = strchr(options->args.items[i], '=');
		AUTO_FREE char *name = NULL;

		if (!equals || equals == options->args.items[i])
			return error_set(err, ERROR_USAGE, "--arg requires NAME=VALUE, not '%s'",
					 QUOTED(options->args.items[i]));
		name = xstrndup(options->args.items[i], (size_t)(equals - options->args.items[i]));
		fingerprint_pairs_add(&inputs->args, name, equals + 1);
	}
	return 0;
}

static int
target_of_paths(struct context *context, const struct target_options *options, const char *operand,
		struct target *ret_target, struct error **err)
{
	AUTO_FINGERPRINT_INPUTS struct fingerprint_inputs inputs = { 0 };
	unsigned length = options->length ? options->length : FINGERPRINT_LENGTH_DEFAULT;

	if (length > FINGERPRINT_HEX_CHARS)
		return error_set(err, ERROR_USAGE, "--length is at most %d", FINGERPRINT_HEX_CHARS);
	if (inputs_of_options(context, options, &inputs, err) < 0)
		return -1;
	return target_of_inputs(operand, &inputs, length, ret_target, err);
}

bool
target_options_have_inputs(const struct target_options *options)
{
	return options->inputs.count > 0 || options->exclude.count > 0 ||
	       options->optional.count > 0 || options->args.count > 0 || options->scheme ||
	       options->tracked;
}

struct project *
project_of_operand(struct context *context, const char *operand, struct error **err)
{
	struct project *project = context_find_project(context, err);

	if (project || *err || (operand && spelling_refuse_directory(operand, err) < 0))
		return project;
	return context_project(context, err);
}

static int
find_target(struct context *context, const struct target_options *options, const char *operand,
	    struct target *ret_target, struct error **err)
{
	AUTO_FREE char *spelled = operand ? spelling_of_source(context, operand) : NULL;
	bool is_location = spelled && location_is(spelled);
	struct project *project;

	operand = spelled;
	if (is_location && options->by_hash && options->inputs.count > 0 && !options->tag)
		return target_of_paths(context, options, operand, ret_target, err);
	if (target_options_have_inputs(options) || options->length > 0 ||
	    (is_location && options->by_hash)) {
		if (options->by_hash && operand && location_is(operand)) {
			error_set(err, ERROR_USAGE, "--by-hash with a reference needs --input");
			return error_set_hint(err, "or name an image of the project file");
		}
		error_set(err, ERROR_USAGE, "--input and its like go with --by-hash HOST/NAME");
		return error_set_hint(err, "an image of the project file has its inputs there");
	}
	if (options->by_hash && options->tag)
		return error_set(err, ERROR_USAGE, "--tag contradicts --by-hash");
	if (is_location && options->tag)
		return error_set(err, ERROR_USAGE, "--tag goes with an image of the project file");
	if (is_location)
		return target_of_location(operand, ret_target, err);
	project = project_of_operand(context, operand, err);
	if (!project)
		return -1;
	return target_of_project(project, operand, options->tag, ret_target, err);
}

int
target_of_options(struct context *context, const struct target_options *options,
		  const char *operand, struct target *ret_target, struct error **err)
{
	static const struct target_options none;

	if (find_target(context, options ? options : &none, operand, ret_target, err) < 0)
		return -1;
	context_log_in_at(context, &ret_target->candidates[0]);
	return 0;
}

int
refuse_image_operand(const char *operand, const char *expected, const struct context *context,
		     struct error **err)
{
	AUTO_LOCATION struct location location = { 0 };
	AUTO_ERROR struct error *ignored = NULL;

	/* Any path is the name of an image without a tag. */
	if (!strchr(operand, ':') || location_parse(operand, &location, &ignored) < 0)
		return 0;
	error_set(err, ERROR_USAGE, "%s is missing: '%s' is an image", expected, QUOTED(operand));
	return error_set_hint(err, "usage: ocifp %s %s", context->command->name,
			      context->command->usage);
}

int
target_of_place(struct context *context, const struct strings *operands, struct target *ret_target,
		struct error **err)
{
	const char *operand = operands->count > 0 ? operands->items[0] : NULL;
	struct target_options options = { 0 };

	if (!operand || !location_is(operand))
		options.tag = "latest";
	return target_of_options(context, &options, operand, ret_target, err);
}

int
output_of_option(struct context *context, const char *text, bool takes_directory,
		 struct location *ret_location, struct error **err)
{
	AUTO_FREE char *spelled = spelling_of_output(context, text);
	AUTO_ERROR struct error *unfit = NULL;
	const char *takes =
		takes_directory ? "oci:DIR, oci-archive:FILE, docker-archive:FILE, rootfs:DIR or "
				  "files:DIR"
				: "oci:DIR, oci-archive:FILE or docker-archive:FILE";

	if (location_parse(spelled, ret_location, &unfit) < 0) {
		error_set(err, ERROR_USAGE, "--output: %s", error_text(unfit));
		return error_set_hint(err, "it takes %s", takes);
	}
	switch (ret_location->transport) {
	case TRANSPORT_LAYOUT:
	case TRANSPORT_OCI_ARCHIVE:
	case TRANSPORT_DOCKER_ARCHIVE:
		return 0;
	case TRANSPORT_ROOTFS:
	case TRANSPORT_FILES:
		if (takes_directory)
			return 0;
		break;
	case TRANSPORT_REGISTRY:
		break;
	}
	return error_set(err, ERROR_USAGE, "--output takes %s", takes);
}

const struct platforms *
platforms_said(const struct platforms *platforms)
{
	return platforms->count > 0 ? platforms : NULL;
}

int
platforms_choose_one(const struct platforms *said, struct platforms *ret_platforms,
		     struct error **err)
{
	AUTO_PLATFORM struct platform host = { 0 };

	if (said->count > 1)
		return error_set(err, ERROR_USAGE, "--platform-tag is for one platform");
	platform_host(&host);
	platforms_add(ret_platforms, said->count > 0 ? &said->items[0] : &host);
	return 0;
}

char *
format_resolved(const char *repository, const struct digest *digest)
{
	return xasprintf("%s@%s", repository, digest_text(digest).text);
}
