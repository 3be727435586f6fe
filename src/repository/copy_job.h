/* copy_job.h - a blob copied between a store and a body or source, as a local job */
#ifndef OCIFP_REPOSITORY_COPY_JOB_H
#define OCIFP_REPOSITORY_COPY_JOB_H

#include "repository/local_jobs.h"

struct body;
struct descriptor;
struct observer;
struct store;

/* From the store into the body. */
struct local_job *copy_job_out(struct store *store, const struct descriptor *descriptor,
			       struct body *body, blob_done *done, void *context);

/* From the upload's source into the store. */
struct local_job *copy_job_in(struct store *store, const struct blob_upload *upload,
			      struct observer *observer, blob_done *done, void *context);

#endif
