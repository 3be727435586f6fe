/* SPDX-License-Identifier: Apache-2.0 */
/* run_caches.h - caches of the project as volumes of a job: `run --cache NAME`
 *
 * Each path of a cache is a volume of this project.  A new one is first restored from the
 * repository; all are saved after a successful job, if saving is allowed.  The paths are the job's:
 * project paths are below the project's mount, "~" is the job's home.
 */
#ifndef OCIFP_CLI_JOBS_RUN_CACHES_H
#define OCIFP_CLI_JOBS_RUN_CACHES_H

#include "base/strings.h"
#include "cache/key/spec.h"

struct context;
struct error;
struct run_base;
struct run_plan;

struct run_caches {
	struct cache_specs specs; /* their directories are the volumes' */
	struct strings filled;    /* volumes that were restored for this job */
};

/* `user`: as --user, NULL: the image's.  Does nothing without names.  Adds a volume for each path
 * to those of the plan, one of which contains the project.  A cache that cannot be restored is a
 * notice. */
int run_caches_restore(struct context *context, const struct strings *names, struct run_plan *plan,
		       const char *user, const struct run_base *base, struct run_caches *caches,
		       struct error **err);
int run_caches_save(struct context *context, const struct run_caches *caches, struct error **err);
void run_caches_release(struct run_caches *caches);

#endif
