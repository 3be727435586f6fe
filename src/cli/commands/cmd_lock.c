/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/output/page.h"
#include "image/trust/lock_project.h"
#include "oci/location.h"
#include "project/lock_file.h"
#include "project/project.h"

struct lock_values {
	bool update;
	bool check;
	bool offline;
};

static const struct option_spec lock_command_options[] = {
	{ "update", 0, OPTION_FLAG, offsetof(struct lock_values, update), NULL,
	  "resolve locked entries again: all, or the named ones" },
	{ "check", 0, OPTION_FLAG, offsetof(struct lock_values, check), NULL,
	  "compare the entries with the registries; write nothing" },
	{ "offline", 0, OPTION_FLAG, offsetof(struct lock_values, offline), NULL,
	  "with --check: only require an entry for each pin; do not use the network" },
	{ 0 },
};

/* What a check found. */
struct findings {
	struct page page;
	json_t *array;
	size_t counts[3]; /* by lock_state */
};

static void
findings_release(struct findings *findings)
{
	page_release(&findings->page);
	json_decref(findings->array);
}

static void
add_finding(void *context, const struct lock_finding *finding)
{
	static const char *const states[] = {
		[LOCK_CURRENT] = "current", [LOCK_MOVED] = "moved", [LOCK_ABSENT] = "absent"
	};
	struct findings *findings = context;
	struct digest_text locked = digest_text(&finding->locked);
	struct digest_text found = digest_text(&finding->found);
	bool is_moved = finding->state == LOCK_MOVED;

	findings->counts[finding->state]++;
	page_add(&findings->page, "%s %s %s %s%s%s\n", states[finding->state], finding->kind,
		 QUOTED(finding->name), locked.text, is_moved ? " -> " : "",
		 is_moved ? found.text : "");
	json_array_append_new(findings->array,
			      json_pack("{s:s, s:s, s:s, s:s, s:s?}", "state",
					states[finding->state], "kind", finding->kind, "name",
					QUOTED(finding->name), "locked", locked.text, "found",
					finding->state == LOCK_ABSENT ? NULL : found.text));
}

static int
run_check(struct context *context, const struct project *project, const struct strings *names,
	  bool offline, struct error **err)
{
	CLEANUP(findings_release) struct findings findings = { .array = json_array() };
	const struct lock_compare_options options = {
		.names = names, .offline = offline, .tell = add_finding, .context = &findings
	};
	AUTO_FREE char *text = NULL;

	if (lock_compare(context_session(context), project, &options, err) < 0)
		return -1;
	text = page_take(&findings.page);
	if (context_result(context, text, json_pack("{s:O}", "entries", findings.array), err) < 0)
		return -1;
	if (findings.counts[LOCK_MOVED] > 0) {
		error_set(err, ERROR_REFUSED, "%zu locked digests moved at their registries",
			  findings.counts[LOCK_MOVED]);
		error_set_class(err, CLASS_LOCK_FILE);
		return error_set_hint(err,
				      "'ocifp lock --update' takes over what pins name now; an "
				      "image with an older base has to be built again");
	}
	if (findings.counts[LOCK_ABSENT] == 0)
		return 0;
	error_set(err, ERROR_ABSENT, "%zu locked images are absent from their registries",
		  findings.counts[LOCK_ABSENT]);
	return error_set_class(err, CLASS_LOCK_FILE);
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
	AUTO_FREE char *path = NULL;

	if (!project)
		return -1;
	if (values->update && values->check)
		return error_set(err, ERROR_USAGE, "--update and --check exclude each other");
	if (values->offline && !values->check)
		return error_set(err, ERROR_USAGE, "--offline requires --check");
	if (operands->count > 0 && !values->update && !values->check)
		return error_set(err, ERROR_USAGE, "names require --update or --check");
	/* References as the project file's pins are kept: in their one spelling. */
	for (size_t i = 0; i < operands->count; i++) {
		AUTO_REFERENCE struct reference reference = { 0 };

		if (!location_is(operands->items[i])) {
			strings_add(&names, operands->items[i]);
			continue;
		}
		if (reference_parse(operands->items[i], &reference, err) < 0)
			return -1;
		strings_take(&names, reference_format(&reference));
	}
	context_log_in_at_operand(context, operands->count > 0 ? operands->items[0] : NULL);
	if (values->check)
		return run_check(context, project, &names, values->offline, err);
	if (lock_project(context_session(context), project, &options, &changed, err) < 0)
		return -1;
	path = xasprintf("%s/%s", project->directory, LOCK_FILE_NAME);
	if (!changed)
		context_notice(context, "nothing has changed");
	return context_result(context, QUOTED(path),
			      json_pack("{s:s, s:b}", "path", path, "changed", changed), err);
}

const struct command cmd_lock = {
	.name = "lock",
	.summary = "record the digests of pinned and published images in .ocifp.lock",
	.usage = "[--update|--check [IMAGE|REF...]]",
	.options = lock_command_options,
	.values_size = sizeof(struct lock_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = OPERANDS_ANY,
	.run = run_lock,
};
