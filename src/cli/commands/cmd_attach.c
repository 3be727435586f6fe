/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/image_options.h"
#include "cli/options/target_options.h"
#include "image/resolve/target.h"
#include "image/transfer/file_artifact.h"
#include "oci/document.h"
#include "oci/media_type.h"

struct attach_values {
	const char *type;
	struct strings annotations;
};

static const struct option_spec attach_option_specs[] = {
	{ "type", 0, OPTION_STRING, offsetof(struct attach_values, type), "TYPE",
	  "set the type of the artifact, as a media type" },
	{ "annotation", 0, OPTION_STRINGS, offsetof(struct attach_values, annotations),
	  "NAME=VALUE", "add an annotation to the artifact; repeatable" },
	{ 0 },
};

static int
run_attach(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct attach_values *values = opaque;
	AUTO_TARGET struct target target = { 0 };
	AUTO_JSON json_t *annotations = annotations_parse(&values->annotations, err);
	AUTO_ARTIFACT_RESULT struct artifact_result result = { 0 };
	struct artifact artifact = {
		.type = values->type,
		.annotations = json_object_size(annotations) > 0 ? annotations : NULL,
	};
	size_t count;
	struct artifact_file *files;
	int attached;

	if (!annotations)
		return -1;
	if (!values->type) {
		error_set(err, ERROR_USAGE, "--type is missing");
		return error_set_hint(err, "such as application/spdx+json");
	}
	if (!media_type_is_valid(values->type))
		return error_set(err, ERROR_USAGE, "invalid media type '%s'", QUOTED(values->type));
	if (target_of_options(context, NULL, operands->items[0], &target, err) < 0)
		return -1;
	count = operands->count - 1;
	files = xcalloc(count, sizeof(*files));
	for (size_t i = 0; i < count; i++)
		artifact_file_parse(operands->items[i + 1], &files[i]);
	artifact.files = files;
	artifact.file_count = count;
	attached = artifact_attach(context_session(context), &target, &artifact, &result, err);
	for (size_t i = 0; i < count; i++)
		artifact_file_release(&files[i]);
	free(files);
	if (attached < 0)
		return -1;
	return context_result_image(
		context, result.repository, &result.digest,
		json_pack("{s:s}", "subject", digest_text(&result.subject).text), err);
}

const struct command cmd_attach = {
	.name = "attach",
	.summary = "attach files to an image as an artifact",
	.usage = "--type TYPE [--annotation NAME=VALUE] IMAGE|REF FILE[:MEDIA-TYPE]...",
	.options = attach_option_specs,
	.values_size = sizeof(struct attach_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_min = 2,
	.operands_max = OPERANDS_ANY,
	.run = run_attach,
};
