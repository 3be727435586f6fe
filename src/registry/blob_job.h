/* blob_job.h - one blob on its way, for blobs.c and upload/upload.c
 *
 * A job starts one request after another; each answer leads to the next or ends the job.
 */
#ifndef OCIFP_REGISTRY_BLOB_JOB_H
#define OCIFP_REGISTRY_BLOB_JOB_H

#include "base/cleanup.h"
#include "oci/digest.h"
#include "registry/registry_blobs.h"

struct request;

/* Frees what is the job's own. */
struct blob_job {
	void (*free)(struct blob_job *job);
	struct endpoint *endpoint;
	struct digest digest;
	struct request *request; /* the one under way, or the last */
	blob_done *done;
	void *context;
};

DEFINE_CLEANUP(struct blob_job, blob_job_free)
#define AUTO_BLOB_JOB CLEANUP(blob_job_free_at)

/* Tells the owner, who may free the job: nothing may follow.  Takes the failure. */
void blob_job_end(struct blob_job *job, enum blob_outcome outcome, struct error *failure);

/* "/blobs/<digest>" at the endpoint. */
char *blob_url(const struct endpoint *endpoint, const struct digest *digest, struct error **err);

#endif
