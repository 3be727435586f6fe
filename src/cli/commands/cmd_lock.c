#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "image/trust/lock_project.h"
#include "oci/location.h"
#include "project/lock_file.h"
#include "project/project.h"

struct lock_values {
	bool update;
};

static const struct option_spec lock_command_options[] = {
	{ "update", 0, OPTION_FLAG, offsetof(struct lock_values, update), NULL,
	  "resolve locked entries again: all, or the named ones" },
	{ 0 },
};

/* References as the project file's pins are kept: in their one spelling. */
static int
normalise(const struct strings *operands, struct strings *names, struct error **err)
{
	for (size_t i = 0; i < operands->count; i++) {
		AUTO_REFERENCE struct reference reference = { 0 };

		if (!location_is(operands->items[i])) {
			strings_add(names, operands->items[i]);
			continue;
		}
		if (reference_parse(operands->items[i], &reference, err) < 0)
			return -1;
		strings_take(names, reference_format(&reference));
	}
	return 0;
}

static int
tell(struct context *context, const struct project *project, bool changed, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", project->directory, LOCK_FILE_NAME);

	if (!changed)
		context_notice(context, "nothing has changed");
	return context_result(context, QUOTED(path),
			      json_pack("{s:s, s:b}", "path", path, "changed", changed), err);
}

static int
run_lock(struct context *context, const void *opaque, const struct strings *operands,
	 struct error **err)
{
	const struct lock_values *values = opaque;
	const struct project *project = context_project(context, err);
	AUTO_STRINGS struct strings names = { 0 };
	struct lock_options options = { .update = values->update, .names = &names };
	bool changed;

	if (!project)
		return -1;
	if (operands->count > 0 && !values->update)
		return error_set(err, ERROR_USAGE, "names require --update");
	if (normalise(operands, &names, err) < 0)
		return -1;
	context_log_in_at_operand(context, operands->count > 0 ? operands->items[0] : NULL);
	if (lock_project(context_session(context), project, &options, &changed, err) < 0)
		return -1;
	return tell(context, project, changed, err);
}

const struct command cmd_lock = {
	.name = "lock",
	.summary = "record the digests of pinned and published images in .ocifp.lock",
	.usage = "[--update [IMAGE|REF...]]",
	.options = lock_command_options,
	.values_size = sizeof(struct lock_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = OPERANDS_ANY,
	.run = run_lock,
};
