/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h - one cache, as the project file or the command line describes it
 *
 * All values are checked: the name, the paths (below the project, or below a directory that the
 * preset allows), the repository.  ocifp.yaml(5), "Caches", has the rules.
 */
#ifndef OCIFP_CACHE_KEY_SPEC_H
#define OCIFP_CACHE_KEY_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strings.h"
#include "project/cache_preset.h"
#include "project/project.h"

struct error;

struct cache_path {
	char *label;     /* as written, in normal form: "target", "~/.npm/_cacache" */
	char *directory; /* absolute, on this machine; it may be missing */
	bool is_inside;  /* below the project directory; `label` is then relative to it */
};

struct cache_spec {
	char *name;
	char *directory;          /* of the project, absolute and real */
	struct cache_path *paths; /* in byte order of their labels */
	size_t path_count;
	const struct cache_preset *preset; /* never NULL: cache_preset_none */
	uint64_t max_bytes;                /* 0: no limit */
	enum cache_executables executables;
	char *image; /* of the project file; NULL: the toolchain is part of the key instead */
	char *image_fingerprint;  /* "SCHEME HEX"; NULL with `image` NULL */
	struct strings key;       /* files, relative to the project directory, in byte order */
	struct strings optional;  /* those that may be missing */
	struct strings sources;   /* paths; empty: all that git tracks */
	struct strings foreign;   /* paths of all caches of the project inside it, relative */
	char *variant;            /* "": none was given, and there is no CI job */
	char *repository;         /* "host/name" or "oci:DIR"; NULL: none, see no_repository */
	char *pull_requests;      /* NULL: jobs of pull requests save nothing */
	char *no_repository;      /* why `repository` is NULL */
	struct strings push_refs; /* branches that may save; empty: only the default branch */
};

struct cache_specs {
	struct cache_spec *items;
	size_t count;
};

/* Options of the command line; NULL: not given. */
struct cache_options {
	const struct strings *names;   /* empty: all of the project file */
	const struct strings *paths;   /* --path: a cache without a project file */
	const struct strings *keys;    /* --key */
	const struct strings *sources; /* --source */
	const char *preset;
	const char *variant;
	const char *repository;
};

/* A path outside the project, "~/x" or "$CARGO_HOME/x"; find() returns a variable's value, or NULL
 * if it is not set.  The caller owns it.  NULL: ERROR_USAGE */
char *cache_path_expand(const char *label, const char *(*find)(void *context, const char *name),
			void *context, struct error **err);

/* With `project` NULL, or with options->paths, the options describe one cache of the project
 * directory `directory`, named by the only name or "default"; its paths may be anywhere.
 * ERROR_USAGE names the value, its place and the remedy; nothing was written. */
int cache_specs_make(const struct project *project, const char *directory,
		     const struct cache_options *options, struct cache_specs *ret_specs,
		     struct error **err);
void cache_specs_release(struct cache_specs *specs);
#define AUTO_CACHE_SPECS CLEANUP(cache_specs_release)

#endif
