/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/jobs/run_caches.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/caches/cmd_cache.h"
#include "cli/context.h"
#include "cli/jobs/run_plan.h"
#include "fingerprint/paths.h"
#include "oci/digest.h"
#include "run/root/root_base.h"
#include "run/root/volumes.h"
#include "store/lock.h"
#include "store/store.h"

/* 48 bits could be searched in hours for a directory that has another project's volumes. */
#define PROJECT_HEX_CHARS 20

#define CACHES_LOCK "caches.lock"

static const char root_home[] = "/root";

void
run_caches_release(struct run_caches *caches)
{
	cache_specs_release(&caches->specs);
	strings_release(&caches->filled);
}

/* The directory's path in a volume; NULL: the volume does not contain it, or it is not a path. */
static char *
find_in_volume(const char *volume, const char *beneath, const char *directory)
{
	const char *colon = strchr(volume, ':');
	AUTO_FREE char *source = colon ? xstrndup(volume, (size_t)(colon - volume)) : NULL;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *real = NULL;

	if (!source || !strpbrk(source, "/."))
		return NULL;
	path = beneath ? xasprintf("%s/%s", beneath, source) : xstrdup(source);
	real = realpath(path, NULL);
	if (!real || !path_is_below(directory, real))
		return NULL;
	return xasprintf("%.*s%s", (int)strcspn(colon + 1, ":"), colon + 1,
			 directory + (real[1] ? strlen(real) : 0));
}

/* The project's path in the job. */
static char *
find_project_mount(const struct run_plan *plan, const char *directory, struct error **err)
{
	for (size_t i = 0; i < plan->volumes.count; i++) {
		char *found = find_in_volume(plan->volumes.items[i], NULL, directory);

		if (found)
			return found;
	}
	for (size_t i = 0; i < plan->project_paths.count; i++) {
		char *found =
			find_in_volume(plan->project_paths.items[i], plan->project, directory);

		if (found)
			return found;
	}
	error_set(err, ERROR_USAGE,
		  "--cache requires the project to be mounted: its paths lie in it");
	error_set_hint(err, "mount it, for example with -v .:/src -w /src");
	return NULL;
}

struct job_environment {
	const char *user;
	const struct run_plan *plan;
	const struct run_base *base;
};

static const char *
find_in(const struct strings *environment, const char *name)
{
	size_t size = strlen(name);

	for (size_t i = environment->count; i > 0; i--)
		if (strncmp(environment->items[i - 1], name, size) == 0 &&
		    environment->items[i - 1][size] == '=')
			return environment->items[i - 1] + size + 1;
	return NULL;
}

/* Other users' homes are in the image's /etc/passwd, which only the container reads. */
static bool
is_root(const struct job_environment *environment)
{
	const char *user = environment->user ? environment->user : environment->base->config.user;
	size_t size = user ? strcspn(user, ":") : 0;

	return size == 0 || (size == 1 && *user == '0') ||
	       (size == strlen("root") && text_starts(user, "root"));
}

static const char *
find_variable(void *opaque, const char *name)
{
	const struct job_environment *environment = opaque;
	const char *value = find_in(&environment->plan->env, name);

	if (!value)
		value = find_in(&environment->base->config.environment, name);
	return !value && strcmp(name, "HOME") == 0 && is_root(environment) ? root_home : value;
}

/* Its first path is the project's volume with its name, so that `volumes` of the project file may
 * use it too. */
static char *
volume_of_path(const struct cache_spec *spec, size_t index)
{
	struct digest digest = digest_of(DIGEST_SHA256, spec->directory, strlen(spec->directory));
	AUTO_FREE char *name =
		xasprintf("%s.%.*s", spec->name, PROJECT_HEX_CHARS, digest_hex(&digest).text);

	return index == 0 ? TAKE_PTR(name) : xasprintf("%s.%zu", name, index);
}

static int
mount_path(const struct store *store, const struct cache_spec *spec, size_t index,
	   const struct job_environment *environment, struct run_plan *plan, struct error **err)
{
	struct cache_path *path = &spec->paths[index];
	struct job_environment of_job = *environment;
	AUTO_FREE char *name = volume_of_path(spec, index);
	AUTO_FREE char *mount = NULL;
	AUTO_FREE char *target = NULL;
	AUTO_FREE char *volume = NULL;

	if (path->is_inside) {
		mount = find_project_mount(environment->plan, spec->directory, err);
		target = mount ? xasprintf("%s/%s", mount, path->label) : NULL;
	} else {
		target = cache_path_expand(path->label, find_variable, &of_job, err);
		if (!target)
			error_set_hint(err, "name the home of the job's user, for example with "
					    "-e HOME=/home/builder");
	}
	if (!target)
		return -1;
	free(path->directory);
	path->directory = xasprintf("%s/%s/%s", store_path(store), STORE_VOLUMES, name);
	volume = xasprintf("%s:%s", name, target);
	if (!strings_has(&plan->volumes, volume))
		strings_add(&plan->volumes, volume);
	return 0;
}

/* The job's image is the toolchain. */
static void
set_image(struct cache_spec *spec, const struct run_base *base)
{
	if (spec->image)
		return;
	spec->image = xstrdup("job");
	spec->image_fingerprint =
		base->manifest.algorithm == DIGEST_NONE
			? xstrdup("rootfs")
			: xasprintf("digest %s", digest_text(&base->manifest).text);
}

static bool
is_new(const struct cache_spec *spec)
{
	struct stat status;

	for (size_t i = 0; i < spec->path_count; i++)
		if (lstat(spec->paths[i].directory, &status) == 0)
			return false;
	return true;
}

/* An existing volume is the cache already; other runs may be using it.  The lock makes one of
 * several runs that start together restore it, while the others wait. */
static int
restore_new(struct context *context, struct run_caches *caches, struct error **err)
{
	const struct cache_values values = { .push = "never" };
	struct store *store = session_store(context_session(context), err);
	AUTO_ERROR struct error *busy = NULL;
	AUTO_CLOSE int lock_fd = store ? lock_take(store, CACHES_LOCK, LOCK_EXCLUSIVE, &busy) : -1;

	if (!store)
		return -1;
	if (lock_fd < 0) {
		context_notice(context, "caches were not restored: %s", error_text(busy));
		return 0;
	}
	for (size_t i = 0; i < caches->specs.count; i++) {
		const struct cache_specs one = { .items = &caches->specs.items[i], .count = 1 };
		struct stat status;

		if (!is_new(one.items))
			continue;
		if (cache_command_restore(context, &values, &one, err) < 0)
			return -1;
		for (size_t j = 0; j < one.items->path_count; j++) {
			const char *directory = one.items->paths[j].directory;

			if (lstat(directory, &status) == 0)
				strings_add(&caches->filled, strrchr(directory, '/') + 1);
		}
	}
	return 0;
}

int
run_caches_restore(struct context *context, const struct strings *names, struct run_plan *plan,
		   const char *user, const struct run_base *base, struct run_caches *caches,
		   struct error **err)
{
	const struct cache_values values = { 0 };
	const struct job_environment environment = { user, plan, base };
	struct store *store;
	AUTO_FREE char *folder = NULL;

	if (names->count == 0)
		return 0;
	store = session_store(context_session(context), err);
	if (!store || cache_command_specs(context, &values, names, &caches->specs, err) < 0)
		return -1;
	for (size_t i = 0; i < caches->specs.count; i++) {
		set_image(&caches->specs.items[i], base);
		for (size_t j = 0; j < caches->specs.items[i].path_count; j++)
			if (mount_path(store, &caches->specs.items[i], j, &environment, plan, err) <
			    0)
				return -1;
	}
	folder = xasprintf("%s/%s", store_path(store), STORE_VOLUMES);
	if (dir_make(folder, 0700, err) < 0)
		return -1;
	return restore_new(context, caches, err);
}

int
run_caches_save(struct context *context, const struct run_caches *caches, struct error **err)
{
	const struct cache_values values = { .push = "auto" };

	return cache_command_save(context, &values, &caches->specs, err);
}
