/* run.h - a job in a root filesystem, from its layers to its exit status
 *
 *     root_make --> cell_run { root_mount, job_mounts_apply, job_settle, engine } --> roots_remove
 */
#ifndef OCIFP_RUN_RUN_H
#define OCIFP_RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "run/base.h"
#include "run/job.h"

struct error;
struct store;

struct run_options {
	struct job_options job;
	const struct strings *volumes; /* "HOST:PATH[:ro]", as run/mounts.h */
	const struct strings *tmpfs;
	const char *runtime; /* NULL: the first engine that is installed */
	int64_t deadline_ms; /* 0: none */
};

/* *ret_status: the job's own, 128 + n for signal n. */
int run_job(struct store *store, const struct run_base *base, const struct run_options *options,
	    int *ret_status, struct error **err);

#endif
