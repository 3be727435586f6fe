/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/jobs/run_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/compat.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/context.h"
#include "oci/digest.h"
#include "oci/location.h"
#include "project/project.h"
#include "run/root/volumes.h"

/* 48 bits could be searched in hours for a directory that has another project's volumes. */
#define PROJECT_HEX_CHARS 20

void
run_plan_release(struct run_plan *plan)
{
	strings_release(&plan->env);
	strings_release(&plan->volumes);
	strings_release(&plan->project_paths);
}

static bool
is_script(const char *word)
{
	return *word == '/' || text_starts(word, "./") || text_starts(word, "../");
}

/* The first word may have been meant as the command. */
static int
refuse_image(const struct project *project, const struct run_words *words, struct error **err)
{
	const char *image = project->run.image;
	AUTO_ERROR struct error *no_default = NULL;
	char *joined = xstrdup(words->image);
	AUTO_FREE char *command = NULL;

	for (size_t i = 0; i < words->command->count; i++) {
		AUTO_FREE char *before = joined;

		joined = xasprintf("%s %s", before, words->command->items[i]);
	}
	command = joined;
	if (!image) {
		const struct project_image *found = project_image(project, NULL, &no_default);

		image = found ? found->name : NULL;
	}
	error_set(err, ERROR_USAGE, "no image '%s' in '%s'", QUOTED(words->image),
		  QUOTED(project->path));
	return error_set_hint(err, "to run a command in %s: ocifp run %s-- %s",
			      image ? image : "an image", image ? "" : "IMAGE ", QUOTED(command));
}

void
run_plan_explain(struct context *context, const struct strings *operands, struct error **err)
{
	AUTO_STRINGS struct strings rest = { 0 };
	AUTO_ERROR struct error *ignored = NULL;
	const char *first = operands->items[0];
	const struct run_words words = { .image = first, .command = &rest };
	const struct project *project = context_find_project(context, &ignored);

	if (!project || (location_is(first) && !is_script(first)) ||
	    project_has_image(project, first))
		return;
	error_free(*err);
	*err = NULL;
	strings_add(&rest, "...");
	(void)refuse_image(project, &words, err);
}

/* *ret_applies: `run` of the project file is for this image. */
static int
choose_image(const struct project *project, const struct run_words *words, struct run_plan *plan,
	     bool *ret_applies, struct error **err)
{
	const struct project_image *own;

	plan->image = words->image ? words->image : project->run.image;
	*ret_applies = true;
	if (!words->image)
		return 0;
	if (!project_has_image(project, words->image))
		return refuse_image(project, words, err);
	if (project->run.image) {
		*ret_applies = strcmp(project->run.image, words->image) == 0;
	} else {
		AUTO_ERROR struct error *no_default = NULL;

		own = project_image(project, NULL, &no_default);
		*ret_applies = own && strcmp(own->name, words->image) == 0;
	}
	return 0;
}

static bool
is_name(const char *volume)
{
	return strchr(volume, ':') && *volume != '/' && *volume != '.';
}

/* A volume with that name from before volumes belonged to projects: the first project that mounts
 * it takes it over.  The project file's author cannot influence that. */
static int
take_over(struct context *context, const char *name, const char *own, struct error **err)
{
	struct store *store = session_store(context_session(context), err);
	bool is_taken = false;

	if (!store || volume_take_over(store, name, own, &is_taken, err) < 0)
		return -1;
	if (is_taken)
		context_notice(context, "volume '%s' is this project's now, as '%s'", name, own);
	return 0;
}

static int
add_name(struct context *context, const struct project *project, const char *volume,
	 bool takes_over, struct strings *volumes, struct error **err)
{
	AUTO_FREE char *name = xstrndup(volume, strcspn(volume, ":"));
	struct digest digest =
		digest_of(DIGEST_SHA256, project->directory, strlen(project->directory));
	AUTO_FREE char *own =
		xasprintf("%s.%.*s", name, PROJECT_HEX_CHARS, digest_hex(&digest).text);

	if (!volume_is_name(name) || !volume_is_name(own)) {
		strings_add(volumes, volume); /* refused where volumes are parsed */
		return 0;
	}
	if (takes_over && take_over(context, name, own, err) < 0)
		return -1;
	strings_take(volumes, xasprintf("%s%s", own, volume + strlen(name)));
	return 0;
}

/* Between the first two colons. */
static bool
has_target_of(const struct strings *volumes, const char *volume)
{
	const char *target = strchr(volume, ':') + 1;
	size_t size = strcspn(target, ":");

	for (size_t i = 0; i < volumes->count; i++) {
		const char *colon = strchr(volumes->items[i], ':');

		if (colon && strcspn(colon + 1, ":") == size &&
		    strncmp(colon + 1, target, size) == 0)
			return true;
	}
	return false;
}

/* "https://user:password@host" in any variable: CI_REPOSITORY_URL of GitLab, HTTPS_PROXY,
 * DATABASE_URL. */
static bool
has_credentials(const char *value)
{
	while ((value = strstr(value, "://"))) {
		const char *at;

		value += strlen("://");
		at = memrchr(value, '@', strcspn(value, "/?#"));
		if (at && at > value && strncmp(value, "git@", (size_t)(at - value) + 1) != 0)
			return true;
	}
	return false;
}

static bool
says(const struct strings *env, const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < env->count; i++)
		if (text_starts(env->items[i], name) &&
		    (env->items[i][size] == '=' || !env->items[i][size]))
			return true;
	return false;
}

static int
add_passed(const struct project *project, const struct run_words *words, struct run_plan *plan,
	   struct error **err)
{
	const struct strings *names = &project->run.pass;

	for (size_t i = 0; i < names->count; i++) {
		const char *value = environment_find(names->items[i]);

		if (value && has_credentials(value) && !says(words->env, names->items[i])) {
			error_set(err, ERROR_REFUSED,
				  "the project file cannot pass '%s': its value is a URL with "
				  "credentials",
				  names->items[i]);
			return error_set_hint(err, "pass it yourself: -e %s", names->items[i]);
		}
		strings_add(&plan->env, names->items[i]);
	}
	return 0;
}

static int
add_defaults(struct context *context, const struct project *project, const struct run_words *words,
	     struct run_plan *plan, struct error **err)
{
	const struct project_run *run = &project->run;

	plan->directory = run->workdir;
	for (size_t i = 0; i < run->env.count; i++)
		strings_add(&plan->env, run->env.items[i]);
	if (add_passed(project, words, plan, err) < 0)
		return -1;
	for (size_t i = 0; i < run->volumes.count; i++) {
		const char *volume = run->volumes.items[i];

		if (has_target_of(words->volumes, volume))
			continue;
		if (!is_name(volume))
			strings_add(&plan->project_paths, volume);
		else if (add_name(context, project, volume, false, &plan->volumes, err) < 0)
			return -1;
	}
	return 0;
}

static bool
names_volume(const struct strings *volumes)
{
	for (size_t i = 0; i < volumes->count; i++)
		if (is_name(volumes->items[i]))
			return true;
	return false;
}

/* NULL without *err: there is none, and none is needed. */
static const struct project *
find_project(struct context *context, const struct run_words *words, bool is_location,
	     struct error **err)
{
	if (!is_location)
		return context_project(context, err);
	return names_volume(words->volumes) ? context_find_project(context, err) : NULL;
}

int
run_plan_make(struct context *context, const struct run_words *words, struct run_plan *plan,
	      struct error **err)
{
	bool is_location = words->image && location_is(words->image) && !is_script(words->image);
	const struct project *project = find_project(context, words, is_location, err);
	bool applies = false;

	if (*err)
		return -1;
	plan->image = words->image;
	plan->project = project ? project->directory : NULL;
	if (!is_location && choose_image(project, words, plan, &applies, err) < 0)
		return -1;
	if (applies && add_defaults(context, project, words, plan, err) < 0)
		return -1;
	if (words->directory)
		plan->directory = words->directory;
	for (size_t i = 0; i < words->env->count; i++)
		strings_add(&plan->env, words->env->items[i]);
	for (size_t i = 0; i < words->volumes->count; i++) {
		if (!project || !is_name(words->volumes->items[i]))
			strings_add(&plan->volumes, words->volumes->items[i]);
		else if (add_name(context, project, words->volumes->items[i], true, &plan->volumes,
				  err) < 0)
			return -1;
	}
	return 0;
}
