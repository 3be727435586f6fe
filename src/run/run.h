/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - a job in a root filesystem, from its layers to its exit status
 *
 *     root_make --> container_run { root_mount, job_mounts_apply, job_settle, engine } -->
 * roots_remove no overlay: root_flatten, and container_run again
 */
#ifndef OCIFP_RUN_RUN_H
#define OCIFP_RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "run/container/cgroup.h"
#include "run/job.h"
#include "run/root/root_base.h"

struct commit_options;
struct derive_result;
struct error;
struct session;

struct run_options {
	struct job_options job;
	const struct strings *volumes; /* "HOST:PATH[:ro]", as run/root/mounts.h */
	const char *project;           /* the project's directory, without links; NULL: none */
	const struct strings *project_paths; /* as volumes, with a HOST below that directory */
	const struct strings *tmpfs;
	const struct strings *filled; /* volumes with files of the caller, for the job; or NULL */
	struct job_limits limits;
	bool keeps_proc;     /* --isolation chroot: no boundary; refused for the machine's root */
	bool shift_ids;      /* for a job of root: ids that nothing else on this machine has */
	const char *runtime; /* NULL: the first installed engine */
	int64_t deadline_ms; /* 0: none */
	const struct commit_options *commit; /* NULL: make no image of the job's changes */
	const char *kept_name; /* a root with the changes of earlier jobs, which keeps this one's;
				  NULL: changes are lost */
};

/* *ret_status: the job's own, 128 + n for signal n.  *ret_made, with `commit` and status 0: the
 * image. */
int run_job(struct session *session, const struct run_base *base, const struct run_options *options,
	    int *ret_status, struct derive_result *ret_made, struct error **err);

#endif
