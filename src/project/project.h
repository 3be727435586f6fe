/* SPDX-License-Identifier: Apache-2.0 */
/* project.h - the project file, .ocifp.yaml
 *
 * ocifp.yaml(5) describes it.  It is sought from the working directory upward to the root of the
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
	/* "host/name" or "oci:DIR" with an absolute DIR, expanded.  NULL: none is named, or its
	 * variables have no value here; project_image_check_repository() says which. */
	char *repository;
	const char *unknown_variable; /* that `repository` or `fallback` needs; NULL: none */
	char *pull_requests; /* the same form, where jobs of pull requests push; NULL: nowhere */
	struct strings fallback; /* the same form, asked in order; empty with `repository` NULL */
	struct strings inputs, optional, exclude, needs, pins, push_refs;
	struct requirements require;
	struct strings signed_by; /* public keys, paths */
	char *trusted_root;       /* path; NULL: none */
	struct strings tags;      /* kept on the newest image by the jobs of push_refs */
	struct fingerprint_pairs args;
	bool tracked;
	enum fingerprint_scheme scheme;
	struct platforms platforms; /* empty: not said */
	char *build;                /* NULL: none */
	unsigned length;
};

enum cache_executables { EXECUTABLES_AUTO, EXECUTABLES_ALWAYS, EXECUTABLES_NEVER };

struct project_cache {
	char *name;
	char *where; /* "FILE:LINE:COLUMN", for messages */
	const struct cache_preset *preset;
	struct strings paths; /* in normal form; those outside the project are the preset's own */
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
	char *image;   /* that the file defines; NULL: the default */
	char *workdir; /* NULL: the image's */
	struct strings
		volumes;     /* "SOURCE:PATH[:MODE]"; with a '.' in front a path of the project */
	struct strings env;  /* "NAME=VALUE" */
	struct strings pass; /* names */
};

struct project_mirror {
	char *host;
	struct strings urls;
	char *where; /* "FILE:LINE" */
};

struct project {
	char *path;      /* of the file */
	char *directory; /* that holds it: inputs are relative to it, builds run in it */
	struct project_image *images;
	size_t image_count;
	struct project_cache *caches;
	size_t cache_count;
	struct project_mirror *mirrors;
	size_t mirror_count;
	struct project_run run;
	const struct lock_file *lock; /* borrowed: counts instead of .ocifp.lock; NULL: the file */
	const struct input_filter *filter; /* borrowed; NULL: inputs count as they are */
};

/* NULL with *err NULL when there is none. */
struct project *project_find(const char *directory, struct error **err);
struct project *project_read(const char *path, struct error **err);

/* The same of bytes that were read; `path` says where inputs lie. */
struct project *project_parse(const char *path, const char *bytes, size_t size, struct error **err);

bool project_has_image(const struct project *project, const char *name);

/* NULL name: the only image, or the default.  ERROR_USAGE lists what there is. */
const struct project_image *project_image(const struct project *project, const char *name,
					  struct error **err);

/* 0 when `repository` is known.  A fingerprint needs none, so reading the file does not ask. */
int project_image_check_repository(const struct project *project, const struct project_image *image,
				   struct error **err);

/* The images that `image` needs, directly or not, each after those it needs itself; `image` last.
 * The caller frees the array, not the images.  A cycle was refused when the file was read. */
const struct project_image **project_order(const struct project *project,
					   const struct project_image *image, size_t *ret_count);

/* Its fingerprint, with those of the images it needs; pins are looked up in the lock file.
 * `record`: see fingerprint_compute(). */
int project_fingerprint(const struct project *project, const struct project_image *image,
			struct buf *record, struct fingerprint *ret_fingerprint,
			struct error **err);

/* What its fingerprint does not say and a user should know; NULL: nothing.  The caller's. */
char *project_image_caveat(const struct project_image *image);

/* The digests of its pins, by the lock file. */
int project_pins(const struct project *project, const struct project_image *image,
		 struct fingerprint_pairs *ret_pins, struct error **err);

/* What was agreed on: project->lock, else .ocifp.lock, which *ret_own then is. */
const struct lock_file *project_lock(const struct project *project, struct lock_file **ret_own,
				     struct error **err);
void project_free(struct project *project);
DEFINE_CLEANUP(struct project, project_free)
#define AUTO_PROJECT CLEANUP(project_free_at)

#endif
