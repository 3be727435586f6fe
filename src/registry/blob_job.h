/* SPDX-License-Identifier: Apache-2.0 */
/* blob_job.h - a blob transfer, for registry_blobs.c and upload/upload.c
 *
 * A job sends one request at a time; each answer leads to the next request or ends the job.
 */
#ifndef OCIFP_REGISTRY_BLOB_JOB_H
#define OCIFP_REGISTRY_BLOB_JOB_H

#include "base/cleanup.h"
#include "oci/digest.h"
#include "registry/registry_blobs.h"

struct request;

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

/* Calls done(), which may free the job.  Takes the failure. */
void blob_job_end(struct blob_job *job, enum blob_outcome outcome, struct error *failure);

/* "/blobs/<digest>" at the endpoint. */
char *blob_url(const struct endpoint *endpoint, const struct digest *digest, struct error **err);

#endif
