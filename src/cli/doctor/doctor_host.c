/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/context.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/findings.h"
#include "cli/libraries.h"
#include "project/project.h"
#include "store/store.h"

/* Below this a pull of an ordinary CI image is likely to fail. */
static const uint64_t little_space_bytes = 2000000000;

void
doctor_libraries(struct findings *findings)
{
	json_t *libraries = libraries_object();
	const char *name;
	json_t *version;

	findings_begin(findings, "libraries");
	json_object_foreach (libraries, name, version) {
		const char *text = json_string_value(version);

		findings_add(findings, name, text ? FINDING_OK : FINDING_NOTE, "%s",
			     text ? text : "none");
	}
	json_decref(libraries);
}

/* Cuts the last component of a missing path; false when nothing is left. */
static bool
go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = '\0';
	return true;
}

static void
add_space(struct findings *findings, const char *path)
{
	AUTO_FREE char *place = xstrdup(path);
	AUTO_FREE char *free_text = NULL;
	struct statvfs space;
	uint64_t free_bytes;

	while (statvfs(place, &space) < 0) {
		if (errno == ENOENT && go_up(place))
			continue;
		findings_add(findings, "free", FINDING_NOTE, "unknown");
		return;
	}
	if (space.f_blocks == 0) {
		findings_add(findings, "free", FINDING_NOTE, "unknown");
		return;
	}
	free_bytes = (uint64_t)space.f_bavail * space.f_frsize;
	free_text = text_bytes(free_bytes);
	findings_add(findings, "free", free_bytes < little_space_bytes ? FINDING_NOTE : FINDING_OK,
		     "%s", free_text);
}

static void
add_state(struct findings *findings, const struct session_options *options, const char *path)
{
	const struct store_options store_options = {
		.lock_timeout_ms = 1,
		.observer = options->observer,
	};
	AUTO_ERROR struct error *error = NULL;
	AUTO_STORE struct store *store = NULL;
	struct stat status;

	if (stat(path, &status) < 0 && errno == ENOENT) {
		findings_add(findings, "state", FINDING_OK, "not made yet");
		return;
	}
	store = store_open_own(path, &store_options, &error);
	if (store)
		findings_add(findings, "state", FINDING_OK, "opens");
	else
		findings_add(findings, "state", FINDING_PROBLEM, "%s", error_text(error));
}

void
doctor_store(struct findings *findings, struct context *context)
{
	const struct session_options *options = &context->options.session;
	AUTO_ERROR struct error *error = NULL;
	AUTO_FREE char *path = store_own_path(options->store_path, &error);

	findings_begin(findings, "store");
	if (!path) {
		findings_add(findings, "path", FINDING_PROBLEM, "%s", error_text(error));
		return;
	}
	findings_add(findings, "path", FINDING_OK, "%s", path);
	add_state(findings, options, path);
	add_space(findings, path);
}

static void
add_variables(struct findings *findings)
{
	static const struct {
		const char *variable;
		const char *name;
	} rows[] = {
		{ "OCIFP_STORE", "store" },
		{ "OCIFP_TLS_CA", "tls_ca" },
		{ "OCIFP_PLAIN_HTTP", "plain_http" },
		{ "OCIFP_TRUST_REALM", "trust_realm" },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (environment_find(rows[i].variable))
			findings_add(findings, rows[i].name, FINDING_OK, "%s, from $%s",
				     environment_find(rows[i].variable), rows[i].variable);
}

/* In the order of precedence, for settings with one value. */
void
doctor_settings(struct findings *findings, struct context *context)
{
	const struct settings *settings = &context->options.settings;
	AUTO_ERROR struct error *told = NULL;
	const struct project *project = context_find_project(context, &told);

	findings_begin(findings, "settings");
	if (settings->unused)
		findings_add(findings, "file", FINDING_PROBLEM, "%s", settings->unused);
	add_variables(findings);
	for (size_t i = 0; project && i < project->mirror_count; i++)
		for (size_t j = 0; j < project->mirrors[i].urls.count; j++)
			findings_add(findings, "mirrors",
				     settings_is(settings, "project_mirrors", true) ? FINDING_OK
										    : FINDING_NOTE,
				     "%s at %s, from %s", project->mirrors[i].host,
				     project->mirrors[i].urls.items[j], project->mirrors[i].where);
	for (size_t i = 0; i < settings->count; i++) {
		if (settings->items[i].host)
			findings_add(findings, settings->items[i].name, FINDING_OK,
				     "%s at %s%s, from %s", settings->items[i].host,
				     settings->items[i].value,
				     settings->items[i].resolves ? ", for tags too" : "",
				     settings->items[i].where);
		else
			findings_add(findings, settings->items[i].name, FINDING_OK, "%s, from %s",
				     settings->items[i].value, settings->items[i].where);
	}
	if (settings->count == 0)
		findings_add(findings, "config", FINDING_OK,
			     "neither the user nor the machine has a config.yaml");
}

static bool
is_in_path(const char *program)
{
	const char *path = environment_find("PATH");

	while (path && *path) {
		size_t size = strcspn(path, ":");
		AUTO_FREE char *file = xasprintf("%.*s/%s", (int)size, path, program);

		if (size > 0 && access(file, X_OK) == 0)
			return true;
		path += size + (path[size] == ':');
	}
	return false;
}

void
doctor_programs(struct findings *findings)
{
	static const struct {
		const char *name;
		const char *purpose;
	} programs[] = {
		{ "git", "tracked inputs, the name of the repository" },
#ifdef HAVE_NAMESPACES
		{ "crun", "runs jobs" },
		{ "runc", "runs jobs" },
		{ "bwrap", "runs jobs" },
#endif
	};

	findings_begin(findings, "programs");
	for (size_t i = 0; i < COUNT_OF(programs); i++) {
		bool found = is_in_path(programs[i].name);

		findings_add(findings, programs[i].name, found ? FINDING_OK : FINDING_NOTE,
			     "%s: %s", found ? "found" : "not found", programs[i].purpose);
	}
}
