/* SPDX-License-Identifier: Apache-2.0 */
/* local_jobs.h - blob jobs of layouts and archives
 *
 * A call queues a job and the next step runs it, so that `done` is never called from within the
 * call that started the job, as with a registry.
 */
#ifndef OCIFP_REPOSITORY_LOCAL_JOBS_H
#define OCIFP_REPOSITORY_LOCAL_JOBS_H

#include <stdbool.h>

#include "registry/registry_blobs.h"

struct body;
struct digest;
struct error;
struct observer;
struct source;
struct watched;

struct local_jobs {
	struct local_job *first;
	struct local_job *last;
};

struct local_job {
	struct local_job *next;
	blob_done *done;
	void *context;

	/* *ret_again: another process holds the blob; the job is queued again. */
	int (*run)(struct local_job *job, enum blob_outcome *ret_outcome, bool *ret_again,
		   struct error **err);
	void (*free)(struct local_job *job);
};

void local_jobs_add(struct local_jobs *jobs, struct local_job *job); /* takes */

/* Runs the first job.  If there is none, or it has to run again, waits for `most_ms`, or until a
 * descriptor of `also` (may be NULL) is readable. */
void local_jobs_step(struct local_jobs *jobs, const struct watched *also, int most_ms);
void local_jobs_release(struct local_jobs *jobs);

/* Writes the bytes of a local blob that the body lacks, then ends it.  The observer (may be NULL)
 * hears how far the blob is. */
int copy_source(const struct source *source, struct body *body, struct observer *observer,
		const struct digest *digest, struct error **err);

#endif
