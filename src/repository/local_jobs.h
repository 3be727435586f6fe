/* local_jobs.h - blob jobs of repositories that need no network
 *
 * A job is queued when it is asked for and run by the next step, so that `done` is never called
 * from within the call that started it, as with a registry.
 */
#ifndef OCIFP_REPOSITORY_LOCAL_JOBS_H
#define OCIFP_REPOSITORY_LOCAL_JOBS_H

#include <stdbool.h>

#include "registry/registry_blobs.h"

struct error;
struct local_job;
struct watched;

struct local_jobs {
	struct local_job *first;
	struct local_job *last;
};

struct local_job {
	struct local_job *next;
	blob_done *done;
	void *context;

	/* *ret_again: cannot go on yet (another process holds the blob); it is queued again. */
	int (*run)(struct local_job *job, enum blob_outcome *ret_outcome, bool *ret_again,
		   struct error **err);
	void (*free)(struct local_job *job);
};

void local_jobs_add(struct local_jobs *jobs, struct local_job *job); /* takes */

/* Runs the first.  Waits for `most_ms` when it has to be tried again, or when there is none: then
 * the caller waits for another process, or for `local_store` (NULL: nothing). */
void local_jobs_step(struct local_jobs *jobs, const struct watched *also, int most_ms);
void local_jobs_release(struct local_jobs *jobs);

#endif
