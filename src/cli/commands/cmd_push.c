/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/options/image_options.h"
#include "cli/options/spelling.h"
#include "cli/options/target_options.h"
#include "cli/outcome.h"
#include "image/resolve/built.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "image/transfer/file_artifact.h"
#include "image/transfer/push.h"
#include "image/trust/verify.h"
#include "oci/document.h"
#include "oci/media_type.h"
#include "project/project.h"
#include "repository/session.h"

struct push_values {
	struct target_options target;
	struct platforms platforms;
	struct strings tags;
	bool no_clobber;
	bool platform_tag;
	bool is_artifact;
	const char *artifact_type;
	struct image_options image;
	struct layer_options layer;
};

/* --tag is a list here: all are set */
static const struct option_spec push_options[] = {
	{ "tag", 0, OPTION_STRINGS, offsetof(struct push_values, tags), "TAG",
	  "set this tag; repeatable; by hash, in addition to the fingerprint's" },
	{ "no-clobber", 0, OPTION_FLAG, offsetof(struct push_values, no_clobber), NULL,
	  "fail instead of moving a tag that names another image" },
	{ "platform", 0, OPTION_PLATFORMS, offsetof(struct push_values, platforms), "OS/ARCH",
	  "push only this platform; repeatable" },
	{ "platform-tag", 0, OPTION_FLAG, offsetof(struct push_values, platform_tag), NULL,
	  "push one platform under TAG-OS-ARCH, for `index join`" },
	{ "artifact", 0, OPTION_FLAG, offsetof(struct push_values, is_artifact), NULL,
	  "push files as an artifact: FILE[:MEDIA-TYPE]... REF" },
	{ "artifact-type", 0, OPTION_STRING, offsetof(struct push_values, artifact_type), "TYPE",
	  "set the type of the artifact, as a media type" },
	INPUT_OPTIONS(struct push_values, target),
	LAYER_OPTIONS(struct push_values, layer),
	IMAGE_OPTIONS(struct push_values, image),
	{ 0 },
};

/* The named platforms; --platform-tag requires exactly one, and the target is reduced to it. */
static int
choose_platforms(const struct push_values *values, struct target *target,
		 struct platforms *ret_platforms, struct error **err)
{
	if (!values->platform_tag) {
		platforms_copy(&values->platforms, ret_platforms);
		return 0;
	}
	if (platforms_choose_one(&values->platforms, ret_platforms, err) < 0)
		return -1;
	return target_take_platform(target, &ret_platforms->items[0], err);
}

/* Makes an image of one layer in the store; it becomes the source. */
static int
derive_rootfs(struct context *context, struct derive_options *derive, struct location *source,
	      struct error **err)
{
	struct layer_path layer = { .path = source->path };
	AUTO_DERIVE_RESULT struct derive_result result = { 0 };
	AUTO_LOCATION struct location named = { 0 };

	if (location_parse("localhost/rootfs:latest", &named, err) < 0)
		return -1;
	derive->layers = &layer;
	derive->layer_count = 1;
	derive->output = &named;
	derive->how.observer = session_observer(context_session(context));
	if (derive_image(context_session(context), derive, &result, err) < 0)
		return -1;
	location_release(source);
	location_copy(&named, source);
	/* Another user may give that name to another image. */
	source->reference.digest = result.digest;
	return 0;
}

static int
make_rootfs(struct context *context, const struct push_values *values,
	    const struct platforms *platforms, struct location *source, struct error **err)
{
	AUTO_JSON json_t *annotations = NULL;
	struct derive_options derive = { .platforms = platforms };
	struct config_change change;

	if (image_options_read(&values->image, &change, &annotations, &derive, err) < 0 ||
	    layer_options_read(&values->layer, &derive, err) < 0)
		return -1;
	if (!change.created_by)
		change.created_by = PACKAGE_NAME " push";
	return derive_rootfs(context, &derive, source, err);
}

static int
check_in_store(struct session *session, const struct target *target, struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	AUTO_FREE char *name = target_name(target, 0);

	if (find_image_in_store(session, target, &found, err) < 0)
		return -1;
	/* It may have come by its reference, of which the project file requires nothing. */
	if (found.root.evidence.presence == PRESENCE_PRESENT)
		return verify_required(session, target, &found, false, err);
	error_set(err, ERROR_ABSENT, "cannot push '%s': it was neither built here nor pulled",
		  name);
	return error_set_hint(err, "'ocifp ensure %s' builds it", target->image->name);
}

/* IMAGE: the local build, else the image that the store has under the fingerprint's name. */
static int
find_image_source(struct context *context, const char *name, struct location *source,
		  struct error **err)
{
	struct session *session = context_session(context);
	const struct project *project = project_of_operand(context, name, err);
	AUTO_TARGET struct target target = { 0 };
	AUTO_FOUND_IMAGE struct found_image built = { 0 };
	AUTO_FREE char *tag = NULL;

	if (!project || target_of_project(project, name, NULL, &target, err) < 0 ||
	    built_find(session, &target, true, &built, err) < 0)
		return -1;
	if (!built.is_built) {
		location_copy(&target.candidates[0], source);
		return check_in_store(session, &target, err);
	}
	context_notice(context, "pushing the local build of '%s'", name);
	tag = built_name(&target);
	built_locate(session_find_store(session), tag, source);
	return 0;
}

static bool
layer_options_are_said(const struct layer_options *options)
{
	return options->owner || options->form.compression || options->form.level;
}

static int
read_source(struct context *context, const struct push_values *values,
	    const struct platforms *platforms, const char *text, struct location *source,
	    struct error **err)
{
	if (location_is(text) ? location_parse(text, source, err) < 0
			      : find_image_source(context, text, source, err) < 0)
		return -1;
	if (source->transport == TRANSPORT_ROOTFS)
		return make_rootfs(context, values, platforms, source, err);
	if (!image_options_are_said(&values->image) && !layer_options_are_said(&values->layer))
		return 0;
	error_set(err, ERROR_USAGE,
		  "images are pushed unchanged: only rootfs:DIR takes --env, "
		  "--owner and the like");
	return error_set_hint(err, "'ocifp mutate' changes an image");
}

/* The project's default image, for a command line without a SOURCE.  NULL with *err. */
static const char *
default_image(struct context *context, struct error **err)
{
	const struct project *project = context_find_project(context, err);
	const struct project_image *image = project ? project_image(project, NULL, err) : NULL;

	if (!project && !*err) {
		error_set(err, ERROR_USAGE, "SOURCE is missing, and no project file was found");
		error_set_hint(err, "usage: ocifp push %s", cmd_push.usage);
	}
	return image ? image->name : NULL;
}

static int
check_tags(const struct strings *tags, struct error **err)
{
	for (size_t i = 0; i < tags->count; i++)
		if (!reference_tag_is_valid(tags->items[i]))
			return error_set(err, ERROR_USAGE, "invalid tag '%s'", tags->items[i]);
	return 0;
}

static int
check_artifact(const struct push_values *values, const struct strings *operands,
	       const struct target *target, struct error **err)
{
	struct image_options others = values->image;

	others.annotations = (struct strings){ 0 };
	if (operands->count < 2)
		return error_set(err, ERROR_USAGE, "--artifact requires files and a reference");
	if (image_options_are_said(&others) || layer_options_are_said(&values->layer))
		return error_set(err, ERROR_USAGE,
				 "--artifact takes no options of images but --annotation");
	if (values->artifact_type && !media_type_is_valid(values->artifact_type))
		return error_set(err, ERROR_USAGE, "invalid media type '%s'",
				 QUOTED(values->artifact_type));
	if (target->by_hash || values->no_clobber || values->platform_tag ||
	    values->platforms.count > 0)
		return error_set(err, ERROR_USAGE,
				 "--artifact does not take --by-hash, --no-clobber or platforms");
	return 0;
}

/* `ocifp push --artifact FILE... REF`: with oras's names and types. */
static int
push_artifact(struct context *context, const struct push_values *values,
	      const struct strings *operands, struct error **err)
{
	size_t count = operands->count - 1;
	AUTO_FREE struct artifact_file *files = xcalloc(count + 1, sizeof(*files));
	AUTO_JSON json_t *annotations = annotations_parse(&values->image.annotations, err);
	struct artifact artifact = {
		.type = values->artifact_type ? values->artifact_type
					      : "application/vnd.unknown.artifact.v1",
		.files = files,
		.file_count = count,
		.annotations = json_object_size(annotations) > 0 ? annotations : NULL,
	};
	AUTO_TARGET struct target target = { 0 };
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_ARTIFACT_RESULT struct artifact_result result = { 0 };
	int ret;

	if (!annotations || check_tags(&values->tags, err) < 0 ||
	    target_of_options(context, &values->target, operands->items[count], &target, err) < 0 ||
	    check_artifact(values, operands, &target, err) < 0)
		return -1;
	if (target.candidates[0].reference.tag)
		strings_add(&tags, target.candidates[0].reference.tag);
	for (size_t i = 0; i < values->tags.count; i++)
		strings_add(&tags, values->tags.items[i]);
	for (size_t i = 0; i < count; i++)
		artifact_file_parse(operands->items[i], &files[i]);
	ret = artifact_push(context_session(context), &target.candidates[0], &tags, &artifact,
			    &result, err);
	for (size_t i = 0; i < count; i++)
		artifact_file_release(&files[i]);
	if (ret < 0)
		return -1;
	return context_result_image(context, result.repository, &result.digest, NULL, err);
}

static int
push_source(struct context *context, const struct push_values *values,
	    const struct strings *operands, struct error **err)
{
	/* If the source is an IMAGE, it is the destination too. */
	const char *said = operands->count > 0 ? operands->items[0] : default_image(context, err);
	AUTO_FREE char *text = said ? spelling_of_source(context, said) : NULL;
	const char *operand = operands->count > 1          ? operands->items[1]
			      : text && !location_is(text) ? said
							   : NULL;
	AUTO_LOCATION struct location source = { 0 };
	AUTO_TARGET struct target target = { 0 };
	AUTO_PUSH_RESULT struct push_result result = { 0 };
	AUTO_PLATFORMS struct platforms platforms = { 0 };
	struct push_options options = {
		.platforms = &platforms,
		.tags = &values->tags,
		.no_clobber = values->no_clobber,
	};
	const bool pushed = true;
	struct outcome outcome;

	if (!text || target_of_options(context, &values->target, operand, &target, err) < 0 ||
	    choose_platforms(values, &target, &platforms, err) < 0)
		return -1;
	if (platforms.count == 0)
		options.platforms = NULL;
	if (read_source(context, values, options.platforms, text, &source, err) < 0 ||
	    push_image(context_session(context), &source, &target, &options, &result, err) < 0)
		return -1;
	outcome = outcome_of(&target, result.repository, &result.digest);
	outcome.present = &result.was_there;
	outcome.pushed = &pushed;
	return outcome_tell(context, &outcome, err);
}

static int
run_push(struct context *context, const void *opaque, const struct strings *operands,
	 struct error **err)
{
	const struct push_values *values = opaque;

	if (values->is_artifact)
		return push_artifact(context, values, operands, err);
	if (operands->count > 2)
		return error_set(err, ERROR_USAGE, "one operand too many: '%s'",
				 QUOTED(operands->items[2]));
	if (values->artifact_type)
		return error_set(err, ERROR_USAGE, "--artifact-type requires --artifact");
	if (check_tags(&values->tags, err) < 0)
		return -1;
	return push_source(context, values, operands, err);
}

const struct command cmd_push = {
	.name = "push",
	.summary = "upload an image to a registry",
	.usage = "[--by-hash] [--tag TAG] [--no-clobber] [--platform OS/ARCH] [--platform-tag] "
		 "[--artifact] [SOURCE... [IMAGE|REF]]",
	.options = push_options,
	.values_size = sizeof(struct push_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = OPERANDS_ANY,
	.run = run_push,
};
