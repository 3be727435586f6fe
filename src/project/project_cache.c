/* SPDX-License-Identifier: Apache-2.0 */
/* The caches of a project file. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/paths.h"
#include "project/config_file.h"
#include "project/reading.h"

/* Values of the file, before variables are expanded. */
struct entry {
	struct project_cache cache;
	char *repository;
	char *pull_requests;
};

static void
entry_release(struct entry *entry)
{
	project_cache_release(&entry->cache);
	free(entry->repository);
	free(entry->pull_requests);
}

void
project_cache_release(struct project_cache *cache)
{
	free(cache->name);
	free(cache->where);
	strings_release(&cache->paths);
	strings_release(&cache->key);
	strings_release(&cache->optional);
	strings_release(&cache->sources);
	strings_release(&cache->push_refs);
	free(cache->image);
	free(cache->variant);
	free(cache->repository);
	free(cache->pull_requests);
	*cache = (struct project_cache){ 0 };
}

static int
read_preset(const struct config *config, const struct config_node *node, void *ret_value,
	    struct error **err)
{
	const char *name = config_text(config, node, err);
	const struct cache_preset *preset = name ? cache_preset_find(name) : NULL;

	if (!name)
		return -1;
	if (!preset) {
		config_fail(config, &node->mark, err, "invalid preset '%s'", QUOTED(name));
		return error_set_hint(err, "presets are %s", cache_preset_names);
	}
	*(const struct cache_preset **)ret_value = preset;
	return 0;
}

static int
read_executables(const struct config *config, const struct config_node *node, void *ret_value,
		 struct error **err)
{
	static const char *const names[] = { [EXECUTABLES_AUTO] = "auto",
					     [EXECUTABLES_ALWAYS] = "always",
					     [EXECUTABLES_NEVER] = "never" };
	const char *text = config_text(config, node, err);

	if (!text)
		return -1;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*(enum cache_executables *)ret_value = (enum cache_executables)i;
			return 0;
		}
	}
	return config_fail(config, &node->mark, err,
			   "invalid 'executables' '%s': expected auto, always or never",
			   QUOTED(text));
}

static int
read_size(const struct config *config, const struct config_node *node, void *ret_value,
	  struct error **err)
{
	const char *text = config_text(config, node, err);
	uint64_t bytes;

	if (!text)
		return -1;
	if (!text_parse_size(text, &bytes))
		return config_fail(config, &node->mark, err,
				   "invalid 'max' '%s': expected a size such as 4GiB",
				   QUOTED(text));
	if (bytes < CACHE_MAX_FLOOR_BYTES)
		return config_fail(config, &node->mark, err,
				   "invalid 'max' '%s': a cache needs %zuMiB at least",
				   QUOTED(text), CACHE_MAX_FLOOR_BYTES / MIB);
	*(uint64_t *)ret_value = bytes;
	return 0;
}

/* Letters that every registry and shell accepts: the name is part of the hashed text, not of the
 * tag. */
static int
read_variant(const struct config *config, const struct config_node *node, void *ret_value,
	     struct error **err)
{
	if (config_read_text(config, node, ret_value, err) < 0)
		return -1;
	if (text_is_printable_ascii(*(char **)ret_value))
		return 0;
	return config_fail(config, &node->mark, err,
			   "invalid 'variant': expected printable ASCII characters");
}

static const struct config_field cache_fields[] = {
	{ "executables", read_executables, offsetof(struct entry, cache.executables),
	  CONFIG_OPTIONAL, SCHEMA_ONE_OF("\"auto\", \"always\", \"never\"") },
	{ "image", config_read_text, offsetof(struct entry, cache.image), CONFIG_OPTIONAL,
	  SCHEMA_TEXT },
	{ "key", project_paths_read, offsetof(struct entry, cache.key), CONFIG_OPTIONAL,
	  SCHEMA_TEXTS },
	{ "max", read_size, offsetof(struct entry, cache.max_bytes), CONFIG_OPTIONAL, SCHEMA_TEXT },
	{ "optional", project_paths_read, offsetof(struct entry, cache.optional), CONFIG_OPTIONAL,
	  SCHEMA_TEXTS },
	{ "paths", config_read_texts, offsetof(struct entry, cache.paths), CONFIG_OPTIONAL,
	  SCHEMA_TEXTS },
	{ "preset", read_preset, offsetof(struct entry, cache.preset), CONFIG_OPTIONAL,
	  SCHEMA_TEXT },
	{ "pull_requests", config_read_text, offsetof(struct entry, pull_requests), CONFIG_OPTIONAL,
	  SCHEMA_TEXT },
	{ "push_refs", config_read_texts, offsetof(struct entry, cache.push_refs), CONFIG_OPTIONAL,
	  SCHEMA_TEXTS },
	{ "repository", config_read_text, offsetof(struct entry, repository), CONFIG_OPTIONAL,
	  SCHEMA_TEXT },
	{ "sources", project_paths_read, offsetof(struct entry, cache.sources), CONFIG_OPTIONAL,
	  SCHEMA_TEXTS },
	{ "variant", read_variant, offsetof(struct entry, cache.variant), CONFIG_OPTIONAL,
	  SCHEMA_TEXT },
};

const struct config_table project_cache_table = CONFIG_TABLE(cache_fields);

static int
fail_path(const struct reading *reading, const struct config_mark *mark, const char *path,
	  const char *reason, struct error **err)
{
	return config_fail(reading->config, mark, err, "invalid path '%s' of a cache: %s",
			   QUOTED(path), reason);
}

static int
check_outside(const struct reading *reading, const struct cache_preset *preset,
	      const struct config_mark *mark, const char *path, struct error **err)
{
	AUTO_FREE char *after_root = xstrdup(path + strcspn(path, "/"));
	AUTO_ERROR struct error *cause = NULL;
	AUTO_FREE char *normal =
		after_root[0] && after_root[1] ? path_normalise(after_root + 1, &cause) : NULL;

	if ((!cause && normal && strcmp(normal, after_root + 1) != 0) || cause)
		return fail_path(reading, mark, path, "it is not in its shortest form", err);
	if (cache_preset_allows(preset, path))
		return 0;
	if (preset->allowed[0])
		fail_path(reading, mark, path, "the preset's tool does not keep its cache there",
			  err);
	else
		fail_path(reading, mark, path,
			  "a project file may only name paths below its directory", err);
	return error_set_hint(err, "to use it on this machine, name it with --path");
}

/* Normalises it; the project directory itself would contain the sources. */
static int
check_inside(const struct reading *reading, const struct config_mark *mark, char **path,
	     struct error **err)
{
	AUTO_FREE char *normal = path_normalise(*path, err);

	if (!normal)
		return config_wrap(reading->config, mark, err);
	if (!*normal)
		return fail_path(reading, mark, *path, "it is the project directory itself", err);
	if (path_never_enters(normal))
		return fail_path(reading, mark, *path, "git or ocifp keeps its own files there",
				 err);
	free(*path);
	*path = TAKE_PTR(normal);
	return 0;
}

static void
add_all(struct strings *strings, const char *const *texts)
{
	for (; *texts; texts++)
		strings_add(strings, *texts);
}

static int
read_paths(const struct reading *reading, const struct config_node *node,
	   struct project_cache *cache, struct error **err)
{
	const struct config_node *paths = config_find(node, "paths");

	if (!paths && cache->preset == &cache_preset_none)
		return config_fail(reading->config, &node->mark, err,
				   "cache '%s' has neither 'paths' nor 'preset'", cache->name);
	if (!paths)
		add_all(&cache->paths, cache->preset->paths);
	else if (cache->paths.count == 0)
		return config_fail(reading->config, &paths->mark, err, "cache '%s' has no path",
				   cache->name);
	for (size_t i = 0; paths && i < cache->paths.count; i++) {
		const struct config_mark *mark = &paths->items[i].mark;
		int result = cache_path_is_outside(cache->paths.items[i])
				     ? check_outside(reading, cache->preset, mark,
						     cache->paths.items[i], err)
				     : check_inside(reading, mark, &cache->paths.items[i], err);

		if (result < 0)
			return -1;
	}
	return 0;
}

static int
read_key(const struct reading *reading, const struct config_node *node, struct project_cache *cache,
	 struct error **err)
{
	const struct config_node *optional = config_find(node, "optional");

	if (!config_find(node, "key")) {
		if (cache->preset == &cache_preset_none)
			return config_fail(reading->config, &node->mark, err,
					   "cache '%s' has no 'key'", cache->name);
		add_all(&cache->key, cache->preset->key);
		add_all(&cache->optional, cache->preset->key);
	}
	for (size_t i = 0; optional && i < optional->count; i++) {
		if (!strings_has(&cache->key, optional->items[i].text))
			return config_fail(reading->config, &optional->items[i].mark, err,
					   "'%s' is optional and not in 'key'",
					   QUOTED(optional->items[i].text));
	}
	return 0;
}

static bool
is_of_image(const struct project *project, const char *repository, const char **ret_image)
{
	for (size_t i = 0; i < project->image_count; i++) {
		const struct project_image *image = &project->images[i];

		*ret_image = image->name;
		if ((image->repository && strcmp(image->repository, repository) == 0) ||
		    strings_has(&image->fallback, repository))
			return true;
	}
	return false;
}

static int
expand_repository(const struct reading *reading, const struct config_node *node, const char *key,
		  const char *text, struct project_cache *cache, char **ret_name,
		  struct error **err)
{
	const struct config_node *value = config_find(node, key);
	const char *image = NULL;

	if (!value)
		return 0;
	if (project_expand_repository(reading, text, ret_name, &cache->unknown_variable, err) < 0)
		return config_wrap(reading->config, &value->mark, err);
	if (*ret_name && is_of_image(reading->project, *ret_name, &image)) {
		config_fail(reading->config, &value->mark, err,
			    "invalid '%s' of cache '%s': it is the repository of image '%s'", key,
			    cache->name, image);
		return error_set_hint(err, "give caches a repository of their own, such as "
					   "ghcr.io/${GITHUB_REPOSITORY}-cache");
	}
	return 0;
}

static int
read_cache(const struct reading *reading, const struct config_node *node, struct entry *entry,
	   struct error **err)
{
	struct project_cache *cache = &entry->cache;
	AUTO_FREE char *what = xasprintf("cache '%s'", QUOTED(node->key));
	const struct config_node *image;

	if (!project_name_is_valid(node->key) || strlen(node->key) > CACHE_NAME_LIMIT_CHARS)
		return config_fail(reading->config, &node->key_mark, err,
				   "'%s' is not a valid cache name", QUOTED(node->key));
	cache->name = xstrdup(node->key);
	cache->where = xasprintf("%s:%zu:%zu", reading->config->name, node->key_mark.line,
				 node->key_mark.column);
	cache->preset = &cache_preset_none;
	if (config_read_fields(reading->config, node, what, &project_cache_table, entry, err) < 0)
		return -1;
	image = config_find(node, "image");
	if (image && !(reading->images && config_find(reading->images, image->text)))
		return config_fail(reading->config, &image->mark, err,
				   "'%s' is not an image of this file", QUOTED(image->text));
	if (read_paths(reading, node, cache, err) < 0 || read_key(reading, node, cache, err) < 0)
		return -1;
	if (expand_repository(reading, node, "repository", entry->repository, cache,
			      &cache->repository, err) < 0 ||
	    expand_repository(reading, node, "pull_requests", entry->pull_requests, cache,
			      &cache->pull_requests, err) < 0)
		return -1;
	if (cache->repository && cache->pull_requests &&
	    strcmp(cache->repository, cache->pull_requests) == 0)
		return config_fail(reading->config, &config_find(node, "pull_requests")->mark, err,
				   "'pull_requests' of cache '%s' is its 'repository': what a pull "
				   "request saves would be read on every branch",
				   cache->name);
	return 0;
}

/* If two caches had one path, the later restore would find the earlier one's files. */
static int
check_paths_apart(const struct reading *reading, const struct config_node *node,
		  const struct project_cache *cache, struct error **err)
{
	for (size_t i = 0; i < reading->project->cache_count; i++) {
		const struct project_cache *other = &reading->project->caches[i];

		for (size_t j = 0; j < cache->paths.count; j++) {
			const char *path = cache->paths.items[j];

			for (size_t k = 0; k < other->paths.count; k++) {
				if (path_is_below(path, other->paths.items[k]) ||
				    path_is_below(other->paths.items[k], path))
					return config_fail(
						reading->config, &node->key_mark, err,
						"caches '%s' and '%s' both have the path '%s'",
						other->name, cache->name, QUOTED(path));
			}
		}
	}
	return 0;
}

int
project_caches_read(const struct reading *reading, const struct config_node *node,
		    struct error **err)
{
	struct project *project = reading->project;

	project->caches = xcalloc(node->count + 1, sizeof(*project->caches));
	for (size_t i = 0; i < node->count; i++) {
		CLEANUP(entry_release) struct entry entry = { 0 };

		if (read_cache(reading, &node->items[i], &entry, err) < 0 ||
		    check_paths_apart(reading, &node->items[i], &entry.cache, err) < 0)
			return -1;
		project->caches[project->cache_count++] = entry.cache;
		entry.cache = (struct project_cache){ 0 };
	}
	return 0;
}
