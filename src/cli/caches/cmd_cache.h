/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_cache.h - common to the commands of `ocifp cache`: options, caches, their keys */
#ifndef OCIFP_CLI_CACHES_CMD_CACHE_H
#define OCIFP_CLI_CACHES_CMD_CACHE_H

#include <stdbool.h>

#include "cache/key/keys.h"
#include "cache/key/spec.h"
#include "cache/sources/sources.h"
#include "cache/tree/cache_roots.h"
#include "cli/command.h"
#include "repository/repository.h"

struct context;
struct digest;
struct error;
struct page;

/* Options of all of them; first in the struct of values. */
struct cache_values {
	struct strings paths;
	struct strings keys;
	struct strings sources;
	const char *preset;
	const char *variant;
	const char *repository;
	const char *push; /* NULL: auto */
	bool strict;
	bool dry_run;
	bool replace;
	bool source_times;
	const char *output;
	int64_t younger_ms;
	unsigned newest;
	uint64_t most_bytes;
	const char *git;
	bool yes;
};

#define CACHE_AT(member) offsetof(struct cache_values, member)

#define CACHE_OPTIONS \
	{ \
		"path", \
		0, \
		OPTION_STRINGS, \
		CACHE_AT(paths), \
		"DIR", \
		"use this directory instead of a cache of the project file; repeatable" \
	}, \
		{ "key",          0,      OPTION_STRINGS, \
		  CACHE_AT(keys), "FILE", "make the key from the content of this file; repeatable" }, \
		{ "source", \
		  0, \
		  OPTION_STRINGS, \
		  CACHE_AT(sources), \
		  "PATH", \
		  "count these as sources instead of all that git tracks; repeatable" }, \
		{ "preset",         0,      OPTION_STRING, \
		  CACHE_AT(preset), "NAME", "use what is known of this tool's cache" }, \
		{ "variant",         0,      OPTION_STRING, \
		  CACHE_AT(variant), "TEXT", "keep apart what another variant saved" }, \
	{ \
		"repository", 0, OPTION_STRING, CACHE_AT(repository), "REF", "use this repository" \
	}

/* The named caches, or all. */
int cache_command_specs(struct context *context, const struct cache_values *values,
			const struct strings *operands, struct cache_specs *ret_specs,
			struct error **err);

/* A result with an entry for each cache: `tell` adds it to the page and returns its object; NULL
 * with *err. */
typedef json_t *cache_teller(struct context *context, const struct cache_values *values,
			     const struct cache_spec *spec, struct page *page, struct error **err);
int cache_command_tell_each(struct context *context, const struct cache_values *values,
			    const struct strings *operands, cache_teller *tell, struct error **err);

/* The repositories of the named caches, each once; only --repository if it is given. */
int cache_command_repositories(struct context *context, const struct cache_values *values,
			       const struct strings *operands, struct strings *ret_repositories,
			       struct error **err);
struct repository *cache_command_open(struct context *context, const char *text,
				      enum repository_mode mode, struct error **err);

/* One cache with everything that a save or a restore needs. */
struct cache_work {
	const struct cache_spec *spec;
	struct cache_roots roots;
	struct sources_request request; /* borrows from the spec */
	struct sources sources;         /* as they are now */
	struct cache_keys keys;
	char *state_folder; /* of journals, on this machine */
};

int cache_work_begin(struct context *context, const struct cache_values *values,
		     const struct cache_spec *spec, struct cache_work *ret_work,
		     struct error **err);
void cache_work_release(struct cache_work *work);

/* `cache restore` and `cache save` for other commands: results are notices; only usage errors fail.
 */
int cache_command_restore(struct context *context, const struct cache_values *values,
			  const struct cache_specs *specs, struct error **err);
int cache_command_save(struct context *context, const struct cache_values *values,
		       const struct cache_specs *specs, struct error **err);

/* Deletes at most `most_count` of the caches that `cache prune` deletes without options. */
int cache_command_prune(struct context *context, const char *place, size_t most_count,
			size_t *ret_count, struct error **err);

/* A row of the step summary, for a restore or a save. */
int cache_add_summary(const struct context *context, const char *repository, const char *tag,
		      const struct digest *digest, int64_t elapsed_ms, struct error **err);

extern const struct command cmd_cache_save;
extern const struct command cmd_cache_restore;
extern const struct command cmd_cache_ls;
extern const struct command cmd_cache_prune;
extern const struct command cmd_cache_export;
extern const struct command cmd_cache_key;
extern const struct command cmd_cache_why;

#endif
