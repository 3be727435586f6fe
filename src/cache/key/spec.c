/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/key/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/fingerprint.h"
#include "fingerprint/paths.h"
#include "oci/digest.h"
#include "project/ci.h"
#include "project/repository_name.h"
#include "project/variables.h"

#define VARIANT_HEX_CHARS 12

void
cache_specs_release(struct cache_specs *specs)
{
	for (size_t i = 0; i < specs->count; i++) {
		struct cache_spec *spec = &specs->items[i];

		for (size_t j = 0; j < spec->path_count; j++) {
			free(spec->paths[j].label);
			free(spec->paths[j].directory);
		}
		free(spec->paths);
		free(spec->name);
		free(spec->directory);
		free(spec->image);
		free(spec->image_fingerprint);
		strings_release(&spec->key);
		strings_release(&spec->optional);
		strings_release(&spec->sources);
		strings_release(&spec->foreign);
		strings_release(&spec->push_refs);
		free(spec->variant);
		free(spec->repository);
		free(spec->pull_requests);
		free(spec->no_repository);
	}
	free(specs->items);
	*specs = (struct cache_specs){ 0 };
}

/* The default of a variable at the start of a path. */
struct folder {
	const char *name;
	const char *fallback; /* may begin with a folder itself */
};

static const struct folder folders[] = {
	{ "$CARGO_HOME", "~/.cargo" },
	{ "$GOCACHE", "$XDG_CACHE_HOME/go-build" },
	{ "$GOMODCACHE", "~/go/pkg/mod" },
	{ "$XDG_CACHE_HOME", "~/.cache" },
};

static int
fail_path(const char *path, const char *cause, struct error **err)
{
	AUTO_FREE char *quoted = text_quote_string(path);

	return error_set(err, ERROR_USAGE, "invalid path '%s' of a cache: %s", quoted, cause);
}

char *
cache_path_expand(const char *label, const char *(*find)(void *context, const char *name),
		  void *context, struct error **err)
{
	size_t size = strcspn(label, "/");
	AUTO_FREE char *start = xstrndup(label, size);
	const char *rest = label + size;
	const char *value = NULL;

	if (*label == '/')
		return xstrdup(label);
	if (strcmp(start, "~") == 0) {
		value = find(context, "HOME");
		if (value && *value == '/')
			return xasprintf("%s%s", value, rest);
		fail_path(label, "HOME is not set", err);
		return NULL;
	}
	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		AUTO_FREE char *other = NULL;

		if (strcmp(start, folders[i].name) != 0)
			continue;
		value = find(context, folders[i].name + 1);
		if (value && *value == '/')
			return xasprintf("%s%s", value, rest);
		other = xasprintf("%s%s", folders[i].fallback, rest);
		return cache_path_expand(other, find, context, err);
	}
	fail_path(label,
		  "it may begin with ~, $CARGO_HOME, $GOCACHE, $GOMODCACHE or $XDG_CACHE_HOME",
		  err);
	return NULL;
}

static const char *
find_here(void *context, const char *name)
{
	(void)context;
	return environment_find(name);
}

/* A symbolic link on the way could lead a project's cache to a place that its author must not write
 * to. */
static int
check_no_link(const char *directory, const char *label, struct error **err)
{
	for (size_t size = strcspn(label, "/");; size += 1 + strcspn(label + size + 1, "/")) {
		AUTO_FREE char *part = xstrndup(label, size);
		AUTO_FREE char *path = xasprintf("%s/%s", directory, part);
		struct stat status;

		if (lstat(path, &status) < 0)
			return errno == ENOENT ? 0 : error_set_path(err, errno, "look at", path);
		if (S_ISLNK(status.st_mode)) {
			fail_path(label, "a symbolic link is on the way", err);
			return error_set_hint(err,
					      "name the directory itself, or give it by --path");
		}
		if (!S_ISDIR(status.st_mode))
			return fail_path(label, "a file is on the way", err);
		if (!label[size])
			return 0;
	}
}

static int
add_path(struct cache_spec *spec, const char *label, struct error **err)
{
	bool is_inside = !cache_path_is_outside(label);
	AUTO_FREE char *directory = is_inside ? xasprintf("%s/%s", spec->directory, label)
					      : cache_path_expand(label, find_here, NULL, err);

	if (!directory || (is_inside && check_no_link(spec->directory, label, err) < 0))
		return -1;
	spec->paths = xrealloc(spec->paths, (spec->path_count + 1) * sizeof(*spec->paths));
	spec->paths[spec->path_count++] = (struct cache_path){
		.label = xstrdup(label),
		.directory = TAKE_PTR(directory),
		.is_inside = is_inside,
	};
	return 0;
}

static void
copy_all(struct strings *to, const struct strings *from)
{
	for (size_t i = 0; i < from->count; i++)
		strings_add(to, from->items[i]);
	strings_sort(to);
}

/* The job and its row of the matrix, because each has its own kind of target directory. */
static char *
variant_of_job(void)
{
	const char *job = ci_job_name();
	const char *matrix = environment_find("OCIFP_MATRIX");
	struct digest digest;

	if (!job || !text_is_printable_ascii(job))
		return xstrdup("");
	if (!matrix || strcmp(matrix, "null") == 0 || strcmp(matrix, "{}") == 0)
		return xstrdup(job);
	digest = digest_of(DIGEST_SHA256, matrix, strlen(matrix));
	return xasprintf("%s %.*s", job, VARIANT_HEX_CHARS, digest_hex(&digest).text);
}

static int
set_repository(struct cache_spec *spec, const char *option, struct error **err)
{
	AUTO_FREE char *name = NULL;

	if (option) {
		name = project_repository_name(option, spec->directory, err);
		if (!name)
			return -1;
		free(spec->repository);
		spec->repository = TAKE_PTR(name);
	}
	if (!spec->repository && !spec->no_repository) {
		AUTO_VARIABLES struct variables variables = { 0 };

		/* Beside the project's images: in GitHub's registry under its Actions, in
		 * GitLab's under its CI.  On another server the name belongs to somebody else.
		 */
		variables_find(spec->directory, &variables);
		if (ci_is_gitlab() && variables.registry_image) {
			spec->repository = xasprintf("%s/cache", variables.registry_image);
			spec->pull_requests = xasprintf("%s/cache-pr", variables.registry_image);
		} else if (ci_is_github_com() && variables.repository) {
			spec->repository = xasprintf("ghcr.io/%s-cache", variables.repository);
			spec->pull_requests =
				xasprintf("ghcr.io/%s-cache-pr", variables.repository);
		} else {
			spec->no_repository = xstrdup("no 'repository' is named");
		}
	}
	return 0;
}

static int
set_image(struct cache_spec *spec, const struct project *project, const char *name,
	  struct error **err)
{
	const struct project_image *image = project_image(project, name, err);
	struct fingerprint fingerprint;
	AUTO_FREE char *hex = NULL;

	if (!image || project_fingerprint(project, image, NULL, &fingerprint, err) < 0)
		return -1;
	hex = fingerprint_tag(&fingerprint, FINGERPRINT_HEX_CHARS);
	spec->image = xstrdup(name);
	spec->image_fingerprint =
		xasprintf("%s %s", fingerprint_scheme_name(fingerprint.scheme), hex);
	if (spec->push_refs.count == 0)
		copy_all(&spec->push_refs, &image->push_refs);
	return 0;
}

static void
find_foreign(const struct project *project, struct cache_spec *spec)
{
	for (size_t i = 0; project && i < project->cache_count; i++)
		for (size_t j = 0; j < project->caches[i].paths.count; j++)
			if (!cache_path_is_outside(project->caches[i].paths.items[j]))
				strings_add(&spec->foreign, project->caches[i].paths.items[j]);
	for (size_t i = 0; i < spec->path_count; i++)
		if (spec->paths[i].is_inside && !strings_has(&spec->foreign, spec->paths[i].label))
			strings_add(&spec->foreign, spec->paths[i].label);
}

static int
spec_of_project(const struct project *project, const struct project_cache *cache,
		const struct cache_options *options, struct cache_spec *spec, struct error **err)
{
	spec->name = xstrdup(cache->name);
	spec->directory = xstrdup(project->directory);
	spec->preset = cache->preset;
	spec->max_bytes = cache->max_bytes;
	spec->executables = cache->executables;
	spec->repository = xstrdup_null(cache->repository);
	spec->pull_requests = xstrdup_null(cache->pull_requests);
	if (cache->unknown_variable)
		spec->no_repository = xasprintf("'%s' is not set", cache->unknown_variable);
	copy_all(&spec->key, &cache->key);
	copy_all(&spec->optional, &cache->optional);
	copy_all(&spec->sources, options->sources && options->sources->count > 0 ? options->sources
										 : &cache->sources);
	copy_all(&spec->push_refs, &cache->push_refs);
	spec->variant = options->variant ? xstrdup(options->variant)
			: cache->variant ? xstrdup(cache->variant)
					 : variant_of_job();
	for (size_t i = 0; i < cache->paths.count; i++)
		if (add_path(spec, cache->paths.items[i], err) < 0)
			return error_wrap(err, "%s", cache->where);
	find_foreign(project, spec);
	if (set_repository(spec, options->repository, err) < 0)
		return -1;
	return cache->image ? set_image(spec, project, cache->image, err) : 0;
}

/* A path from the command line may be anywhere; a relative one is below the project directory. */
static int
add_option_path(struct cache_spec *spec, const char *path, struct error **err)
{
	AUTO_FREE char *normal = NULL;

	for (const char *at = path; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return fail_path(path, "it has control characters", err);
	if (cache_path_is_outside(path))
		return add_path(spec, path, err);
	normal = path_normalise(path, err);
	if (!normal)
		return -1;
	if (!*normal || path_never_enters(normal))
		return fail_path(path, "it holds the sources, or git's own files", err);
	return add_path(spec, normal, err);
}

static bool
name_is_valid(const char *name)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return *name && *name != '_' && *name != '-' && !name[strspn(name, characters)] &&
	       strlen(name) <= CACHE_NAME_LIMIT_CHARS;
}

static int
add_option_files(const struct strings *files, struct strings *to, struct error **err)
{
	for (size_t i = 0; files && i < files->count; i++) {
		AUTO_FREE char *normal = path_normalise(files->items[i], err);

		if (!normal)
			return -1;
		strings_take(to, TAKE_PTR(normal));
	}
	strings_sort(to);
	return 0;
}

static int
spec_of_options(const char *directory, const struct cache_options *options, struct cache_spec *spec,
		struct error **err)
{
	const char *name = options->names->count > 0 ? options->names->items[0] : "default";
	AUTO_FREE char *quoted = text_quote_string(options->preset ? options->preset : name);
	bool names_paths = options->paths && options->paths->count > 0;
	bool names_keys = options->keys && options->keys->count > 0;

	if (options->names->count > 1)
		return error_set(err, ERROR_USAGE, "--path and --preset describe one cache");
	if (!name_is_valid(name))
		return error_set(err, ERROR_USAGE,
				 "invalid cache name '%s': expected letters, digits, '_' and '-'",
				 quoted);
	spec->name = xstrdup(name);
	spec->directory = xstrdup(directory);
	spec->preset = options->preset ? cache_preset_find(options->preset) : &cache_preset_none;
	if (!spec->preset)
		return error_set(err, ERROR_USAGE, "invalid preset '%s': expected %s", quoted,
				 cache_preset_names);
	for (size_t i = 0; options->paths && i < options->paths->count; i++)
		if (add_option_path(spec, options->paths->items[i], err) < 0)
			return -1;
	for (size_t i = 0; !names_paths && spec->preset->paths[i]; i++)
		if (add_path(spec, spec->preset->paths[i], err) < 0)
			return -1;
	if (add_option_files(options->keys, &spec->key, err) < 0 ||
	    add_option_files(options->sources, &spec->sources, err) < 0)
		return -1;
	for (size_t i = 0; !names_keys && spec->preset->key[i]; i++)
		strings_add(&spec->optional, spec->preset->key[i]);
	copy_all(&spec->key, &spec->optional);
	spec->variant = options->variant ? xstrdup(options->variant) : variant_of_job();
	find_foreign(NULL, spec);
	return set_repository(spec, options->repository, err);
}

static int
compare_labels(const void *a, const void *b)
{
	return strcmp(((const struct cache_path *)a)->label, ((const struct cache_path *)b)->label);
}

static struct cache_spec *
add_spec(struct cache_specs *specs)
{
	specs->items = xrealloc(specs->items, (specs->count + 1) * sizeof(*specs->items));
	specs->items[specs->count] = (struct cache_spec){ 0 };
	return &specs->items[specs->count++];
}

static const struct project_cache *
find_cache(const struct project *project, const char *name, struct error **err)
{
	AUTO_FREE char *quoted = text_quote_string(name);
	AUTO_STRINGS struct strings known = { 0 };
	AUTO_FREE char *names = NULL;

	for (size_t i = 0; i < project->cache_count; i++) {
		if (strcmp(project->caches[i].name, name) == 0)
			return &project->caches[i];
		strings_add(&known, project->caches[i].name);
	}
	names = strings_join(&known, ", ");
	error_set(err, ERROR_USAGE, "unknown cache '%s'", quoted);
	error_set_hint(err, "the caches of '%s' are: %s", project->path, *names ? names : "none");
	return NULL;
}

static int
specs_of_project(const struct project *project, const struct cache_options *options,
		 struct cache_specs *specs, struct error **err)
{
	if (project->cache_count == 0) {
		AUTO_FREE char *quoted = text_quote_string(project->path);

		error_set(err, ERROR_USAGE, "'%s' has no 'caches'", quoted);
		return error_set_hint(err, "describe one there, or by --path and --key");
	}
	for (size_t i = 0; i < options->names->count; i++) {
		const struct project_cache *cache =
			find_cache(project, options->names->items[i], err);

		if (!cache || spec_of_project(project, cache, options, add_spec(specs), err) < 0)
			return -1;
	}
	for (size_t i = 0; options->names->count == 0 && i < project->cache_count; i++)
		if (spec_of_project(project, &project->caches[i], options, add_spec(specs), err) <
		    0)
			return -1;
	return 0;
}

int
cache_specs_make(const struct project *project, const char *directory,
		 const struct cache_options *options, struct cache_specs *ret_specs,
		 struct error **err)
{
	AUTO_CACHE_SPECS struct cache_specs specs = { 0 };
	bool by_options = (options->paths && options->paths->count > 0) || options->preset;

	if (!by_options && !project) {
		error_set(err, ERROR_USAGE, "no project file found");
		return error_set_hint(
			err, "add a project file, or describe the cache with --path and --key");
	}
	/* It becomes a line of the text that is hashed to a key. */
	if (options->variant && !text_is_printable_ascii(options->variant))
		return error_set(err, ERROR_USAGE,
				 "invalid --variant '%s': expected printable ASCII characters",
				 QUOTED(options->variant));
	if (by_options ? spec_of_options(directory, options, add_spec(&specs), err) < 0
		       : specs_of_project(project, options, &specs, err) < 0)
		return -1;
	for (size_t i = 0; i < specs.count; i++) {
		/* In the order of the roots of an index. */
		if (specs.items[i].path_count > 0)
			qsort(specs.items[i].paths, specs.items[i].path_count,
			      sizeof(*specs.items[i].paths), compare_labels);
	}
	*ret_specs = specs;
	specs = (struct cache_specs){ 0 };
	return 0;
}
