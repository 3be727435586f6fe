/* spec.h - one cache, as the project file or the command line names it
 *
 * Every value was checked: the name, the paths (below the project, or below a folder that the
 * preset allows), the repository.  DESIGN.md and ocifp.yaml(5), "caches", have the rules.
 */
#ifndef OCIFP_CACHE_KEY_SPEC_H
#define OCIFP_CACHE_KEY_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strings.h"
#include "cache/key/preset.h"

struct error;
struct project;

struct cache_path {
	char *label; /* as it was written, in normal form: "target", "~/.cargo/registry/index" */
	char *directory; /* absolute, on this machine; it may be missing */
	bool is_inside;  /* below the project directory */
};

/* Whether the final executables are saved: see ocifp-cache(7). */
enum cache_executables { EXECUTABLES_AUTO, EXECUTABLES_ALWAYS, EXECUTABLES_NEVER };

struct cache_spec {
	char *name;
	char *directory; /* of the project, absolute and real */
	struct cache_path *paths;
	size_t path_count;
	const struct cache_preset *preset; /* never NULL: PRESET_NONE has no rules */
	uint64_t max_bytes;                /* 0: no limit */
	enum cache_executables executables;
	char *image;              /* of the project file; NULL: the toolchain stands for it */
	char *image_fingerprint;  /* hex; NULL until cache_spec_set_image() */
	struct strings key_files; /* relative to the project directory, in byte order */
	struct strings optional;  /* those of them that may be missing */
	struct strings sources;   /* paths; empty: all that git tracks */
	struct strings foreign;   /* paths of all caches of the project inside it, relative */
	char *variant;            /* never NULL; "" when nothing was said outside of CI */
	char *repository;         /* "host/name" or "oci:DIR"; NULL: none is named */
	char *pull_requests;      /* NULL: pull requests save nothing */
	struct strings push_refs; /* branches that may save; empty: the default branch */
};

struct cache_specs {
	struct cache_spec *items;
	size_t count;
};

/* What a command line gives; NULL and empty: not given. */
struct cache_options {
	const struct strings *names;   /* empty: all of the project file */
	const struct strings *paths;   /* --path: a cache without a project file */
	const struct strings *keys;    /* --key */
	const struct strings *sources; /* --source */
	const char *preset;
	const char *variant;
	const char *repository;
};

/* `project` NULL: without one; the options then describe one cache, named by the only name or
 * "default", of the project directory `directory`.  ERROR_USAGE with what, where and what to do;
 * nothing was written. */
int cache_specs_make(const struct project *project, const char *directory,
		     const struct cache_options *options, struct cache_specs *ret_specs,
		     struct error **err);
void cache_specs_release(struct cache_specs *specs);
#define AUTO_CACHE_SPECS CLEANUP(cache_specs_release)

#endif
