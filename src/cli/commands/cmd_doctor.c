/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/findings.h"
#include "oci/location.h"
#include "project/project.h"

struct doctor_values {
	bool offline;
	bool push;
};

static const struct option_spec doctor_options[] = {
	{ "offline", 0, OPTION_FLAG, offsetof(struct doctor_values, offline), NULL,
	  "do not contact registries" },
	{ "push", 0, OPTION_FLAG, offsetof(struct doctor_values, push), NULL,
	  "also send the requests of a push to HOST/NAME; leaves nothing there" },
	{ 0 },
};

static void
add_host(struct strings *hosts, const char *place)
{
	AUTO_LOCATION struct location location = { 0 };
	AUTO_ERROR struct error *error = NULL;

	if (location_parse(place, &location, &error) == 0 &&
	    location.transport == TRANSPORT_REGISTRY &&
	    !strings_has(hosts, location.reference.host))
		strings_add(hosts, location.reference.host);
}

static void
examine_project(struct findings *findings, struct context *context, struct strings *hosts)
{
	AUTO_ERROR struct error *error = NULL;
	const struct project *project = context_find_project(context, &error);

	findings_begin(findings, "project");
	if (error) {
		findings_add(findings, "file", FINDING_PROBLEM, "%s", error_text(error));
	} else if (!project) {
		findings_add(findings, "file", FINDING_NOTE,
			     "no '.ocifp.yaml' in this directory or above");
	} else {
		findings_add(findings, "file", FINDING_OK, "%s", project->path);
		for (size_t i = 0; i < project->image_count; i++) {
			const struct project_image *image = &project->images[i];

			/* NULL without a remote that names the project's repository. */
			if (image->repository)
				add_host(hosts, image->repository);
			for (size_t j = 0; j < image->fallback.count; j++)
				add_host(hosts, image->fallback.items[j]);
		}
	}
}

static int
add_place(struct strings *places, struct strings *hosts, const char *text, struct error **err)
{
	AUTO_LOCATION struct location location = { 0 };

	if (location_parse(text, &location, err) < 0)
		return -1;
	if (location.transport != TRANSPORT_REGISTRY)
		return error_set(err, ERROR_USAGE, "invalid repository '%s': expected HOST/NAME",
				 QUOTED(text));
	strings_add(places, text);
	add_host(hosts, text);
	return 0;
}

static int
run_doctor(struct context *context, const void *opaque, const struct strings *operands,
	   struct error **err)
{
	const struct doctor_values *values = opaque;
	CLEANUP(findings_release) struct findings findings = { .object = json_object() };
	AUTO_STRINGS struct strings hosts = { 0 };
	AUTO_STRINGS struct strings places = { 0 };

	for (size_t i = 0; i < operands->count; i++) {
		const char *host = operands->items[i];

		if (strchr(host, '/')) {
			if (add_place(&places, &hosts, host, err) < 0)
				return -1;
			continue;
		}
		if (!reference_host_is_valid(host))
			return error_set(err, ERROR_USAGE, "invalid host '%s'", QUOTED(host));
		if (!strings_has(&hosts, host))
			strings_add(&hosts, host);
	}
	if (values->push && places.count == 0)
		return error_set(err, ERROR_USAGE, "--push requires HOST/NAME");
	if (hosts.count > 0)
		context_log_in_at_host(context, hosts.items[0]);
	else
		context_log_in_at_operand(context, NULL);
	doctor_libraries(&findings);
	doctor_programs(&findings);
	doctor_sandbox(&findings);
	doctor_store(&findings, context);
	examine_project(&findings, context, &hosts);
	doctor_settings(&findings, context);
	if (hosts.count > 0)
		doctor_credentials(&findings, context, &hosts);
	if (hosts.count > 0 && !values->offline)
		doctor_registries(&findings, context, &hosts);
	for (size_t i = 0; i < places.count && !values->offline; i++)
		doctor_protocol(&findings, context, places.items[i], values->push);
	return context_result_page(context, &findings.page, json_incref(findings.object), err);
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "check this machine for problems",
	.usage = "[--offline] [--push] [HOST|HOST/NAME...]",
	.options = doctor_options,
	.values_size = sizeof(struct doctor_values),
	.groups = OPTIONS_NETWORK | OPTIONS_STORE | OPTIONS_PROJECT,
	.operands_max = OPERANDS_ANY,
	.run = run_doctor,
};
