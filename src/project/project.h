/* SPDX-License-Identifier: Apache-2.0 */
/* project.h - the project file, .ocifp.yaml
 *
 * ocifp.yaml(5) describes it.  It is searched from the working directory upward to the root of the
 * git checkout.  Read as libyaml events: no aliases, anchors, tags or second document; unknown
 * keys, wrong types and duplicates are ERROR_USAGE with "file:line:column: ".
 */
#ifndef OCIFP_PROJECT_PROJECT_H
#define OCIFP_PROJECT_PROJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strings.h"
#include "fingerprint/fingerprint.h"
#include "oci/platform.h"
#include "project/cache_preset.h"
#include "project/requirement.h"

struct error;
struct input_filter;
struct lock_file;

struct project_image {
	char *name;
	bool is_default;
	/* "host/name" or "oci:DIR" with an absolute DIR, expanded.  NULL: not set, or a variable
	 * has no value here; project_image_check_repository() tells which. */
	char *repository;
	const char *unknown_variable; /* needed by `repository` or `fallback`; NULL: none */
	char *pull_requests; /* in the same form, where jobs of pull requests push; NULL: nowhere */
	struct strings
		fallback; /* in the same form, asked in order; empty with `repository` NULL */
	struct strings inputs, optional, exclude, needs, pins, push_refs;
	struct requirements require;
	struct strings signed_by; /* public keys, paths */
	char *trusted_root;       /* path; NULL: none */
	struct strings tags;      /* set on the newest image by the jobs of push_refs */
	struct fingerprint_pairs args;
	bool tracked;
	enum fingerprint_scheme scheme;
	struct platforms platforms; /* empty: not set */
	char *build;                /* NULL: none */
	unsigned length;
};

enum cache_executables { EXECUTABLES_AUTO, EXECUTABLES_ALWAYS, EXECUTABLES_NEVER };

struct project_cache {
	char *name;
	char *where; /* "FILE:LINE:COLUMN", for messages */
	const struct cache_preset *preset;
	struct strings paths; /* normalised; those outside the project are the preset's */
	struct strings key, optional, sources, push_refs;
	char *image;         /* NULL: none */
	char *variant;       /* NULL: the job's */
	char *repository;    /* as project_image's; NULL: none, or a variable is not known */
	char *pull_requests; /* the same */
	const char *unknown_variable;
	uint64_t max_bytes; /* 0: no limit */
	enum cache_executables executables;
};

/* Defaults of `ocifp run`. */
struct project_run {
	char *image;            /* an image of the file; NULL: the default */
	char *workdir;          /* NULL: the image's */
	struct strings volumes; /* "SOURCE:PATH[:MODE]"; with a leading '.' a path of the project */
	struct strings env;     /* "NAME=VALUE" */
	struct strings pass;    /* names */
};

struct project_mirror {
	char *host;
	struct strings urls;
	char *where; /* "FILE:LINE" */
};

struct project {
	char *path;      /* of the file */
	char *directory; /* the file's directory: inputs are relative to it, builds run in it */
	struct project_image *images;
	size_t image_count;
	struct project_cache *caches;
	size_t cache_count;
	struct project_mirror *mirrors;
	size_t mirror_count;
	struct project_run run;
	const struct lock_file *lock; /* borrowed, used instead of .ocifp.lock; NULL: the file */
	const struct input_filter *filter; /* borrowed; NULL: inputs are hashed as they are */
};

/* NULL with *err NULL when there is none. */
struct project *project_find(const char *directory, struct error **err);
struct project *project_read(const char *path, struct error **err);

/* The same from bytes; `path` determines where inputs are. */
struct project *project_parse(const char *path, const char *bytes, size_t size, struct error **err);

bool project_has_image(const struct project *project, const char *name);

/* NULL name: the only image, or the default.  ERROR_USAGE lists the images. */
const struct project_image *project_image(const struct project *project, const char *name,
					  struct error **err);

/* 0 if `repository` is known.  A fingerprint does not need it, so reading the file does not check
 * it. */
int project_image_check_repository(const struct project *project, const struct project_image *image,
				   struct error **err);

/* The images that `image` needs, directly or not, each after those it needs itself; `image` last.
 * The caller frees the array, not the images.  Cycles were refused when the file was read. */
const struct project_image **project_order(const struct project *project,
					   const struct project_image *image, size_t *ret_count);

/* Its fingerprint, with those of the images it needs; pins are looked up in the lock file.
 * `record`: see fingerprint_compute(). */
int project_fingerprint(const struct project *project, const struct project_image *image,
			struct buf *record, struct fingerprint *ret_fingerprint,
			struct error **err);

/* A caveat about its fingerprint for the user; NULL: none.  The caller's. */
char *project_image_caveat(const struct project_image *image);

/* The digests of its pins, by the lock file. */
int project_pins(const struct project *project, const struct project_image *image,
		 struct fingerprint_pairs *ret_pins, struct error **err);

/* The agreed digests: project->lock, else .ocifp.lock, which becomes *ret_own. */
const struct lock_file *project_lock(const struct project *project, struct lock_file **ret_own,
				     struct error **err);
void project_free(struct project *project);
DEFINE_CLEANUP(struct project, project_free)
#define AUTO_PROJECT CLEANUP(project_free_at)

#endif
