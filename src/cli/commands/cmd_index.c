#include "cli/commands/cmd_index.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/outcome.h"
#include "image/make/compose.h"
#include "oci/document.h"
#include "oci/location.h"

struct edit_values {
	struct strings annotations;
};

static const struct option_spec edit_options[] = {
	{ "annotation", 0, OPTION_STRINGS, offsetof(struct edit_values, annotations), "NAME=VALUE",
	  "add an annotation to the index; repeatable" },
	{ 0 },
};

static int
add_annotation(json_t *annotations, const char *text, struct error **err)
{
	const char *equals = strchr(text, '=');
	AUTO_FREE char *name = equals ? xstrndup(text, (size_t)(equals - text)) : NULL;

	if (name && *name && json_object_set_new(annotations, name, json_string(equals + 1)) == 0)
		return 0;
	return error_set(err, ERROR_USAGE, "'%s' is no annotation, NAME=VALUE in UTF-8",
			 QUOTED(text));
}

json_t *
annotations_parse(const struct strings *texts, struct error **err)
{
	AUTO_JSON json_t *annotations = json_object();

	for (size_t i = 0; i < texts->count; i++)
		if (add_annotation(annotations, texts->items[i], err) < 0)
			return NULL;
	return TAKE_PTR(annotations);
}

static int
tell(struct context *context, const struct location *location, const struct compose_result *result,
     struct error **err)
{
	bool pushed = true;
	struct outcome outcome = {
		.repository = result->repository,
		.tag = location->reference.tag,
		.digest = &result->digest,
		.present = &result->was_there,
		.pushed = &pushed,
	};

	return outcome_tell(context, &outcome, err);
}

/* The first operand is the index, `options` say what becomes of it. */
static int
edit(struct context *context, const struct edit_values *values, const struct strings *operands,
     struct compose_options *options, struct error **err)
{
	AUTO_LOCATION struct location location = { 0 };
	AUTO_COMPOSE_RESULT struct compose_result result = { 0 };
	AUTO_JSON json_t *annotations = annotations_parse(&values->annotations, err);

	if (!annotations || location_parse(operands->items[0], &location, err) < 0)
		return -1;
	if (!location.reference.tag || location.reference.digest.algorithm != DIGEST_NONE)
		return error_set(err, ERROR_USAGE, "an index is written under a tag: '%s' has %s",
				 operands->items[0], location.reference.tag ? "a digest" : "none");
	options->annotations = annotations;
	context_log_in_at(context, &location);
	if (compose_index(context_session(context), &location, options, &result, err) < 0)
		return -1;
	return tell(context, &location, &result, err);
}

static int
run_create(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	struct compose_options options = {
		.from_scratch = true,
		.sources = (const char *const *)operands->items + 1,
		.source_count = operands->count - 1,
	};

	return edit(context, opaque, operands, &options, err);
}

static int
run_add(struct context *context, const void *opaque, const struct strings *operands,
	struct error **err)
{
	struct compose_options options = {
		.sources = (const char *const *)operands->items + 1,
		.source_count = operands->count - 1,
	};

	return edit(context, opaque, operands, &options, err);
}

static int
run_rm(struct context *context, const void *opaque, const struct strings *operands,
       struct error **err)
{
	struct compose_options options = {
		.drops = (const char *const *)operands->items + 1,
		.drop_count = operands->count - 1,
	};

	return edit(context, opaque, operands, &options, err);
}

#define EDIT_COMMAND(name_, summary_, operands_, run_) \
	{ \
		.name = (name_), .summary = (summary_), \
		.usage = "[--annotation NAME=VALUE] REF " operands_, .options = edit_options, \
		.values_size = sizeof(struct edit_values), \
		.groups = OPTIONS_NETWORK | OPTIONS_STORE, .operands_min = 2, \
		.operands_max = OPERANDS_ANY, .run = (run_), \
	}

static const struct command cmd_create =
	EDIT_COMMAND("create", "make an index from existing images", "SOURCE...", run_create);

static const struct command cmd_add =
	EDIT_COMMAND("add", "add images to an index, or replace those of the same platform",
		     "SOURCE...", run_add);

static const struct command cmd_rm = EDIT_COMMAND("rm", "remove platforms or digests from an index",
						  "OS/ARCH|DIGEST...", run_rm);

const struct command cmd_index = {
	.name = "index",
	.summary = "publish images for several platforms under one tag",
	.subcommands = (const struct command *const[]){ &cmd_create, &cmd_index_join, &cmd_add,
							&cmd_index_ls, &cmd_rm, NULL },
};
