/* SPDX-License-Identifier: Apache-2.0 */
/* registry_blobs.h - blobs by digest, read and written, many at once
 *
 * distribution-spec, "Pulling blobs", "Pushing blobs".  A download asks mirrors
 * first and follows redirects to other origins without credentials.  An upload checks whether the
 * blob exists, tries to mount it, and sends it in the form that the registry accepts
 * (upload/upload.c).
 */
#ifndef OCIFP_REGISTRY_REGISTRY_BLOBS_H
#define OCIFP_REGISTRY_REGISTRY_BLOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "oci/digest.h"

struct blob_job;
struct body;
struct endpoint;
struct error;
struct request;
struct source;

enum blob_outcome { BLOB_MOVED, BLOB_EXISTED, BLOB_MOUNTED };

/* `failure` NULL: success.  Called once, on the engine's thread; takes the failure. */
typedef void blob_done(void *context, enum blob_outcome outcome, struct error *failure);

/* A 404 is ERROR_CONTENT, class "blob_unknown", because a manifest lists the blob. */
struct blob_job *registry_get_blob(struct endpoint *endpoint, const struct digest *digest,
				   struct body *body, blob_done *done, void *context,
				   struct error **err);

/* HEAD, and GET for the reason of a 404.  ERROR_ABSENT: proven by the registry's error code. */
int registry_find_blob(struct endpoint *endpoint, const struct digest *digest,
		       uint64_t *ret_size_bytes, struct error **err);

struct blob_upload {
	struct digest digest;
	uint64_t size_bytes;
	const struct source *source; /* borrowed until done */
	const char *mount_from;      /* another repository at this host, or NULL */
	bool skip_check;             /* known to be absent: send no HEAD */
};

struct blob_job *registry_put_blob(struct endpoint *endpoint, const struct blob_upload *asked,
				   blob_done *done, void *context, struct error **err);

/* Cancels a job that has not ended; done is then not called. */
void blob_job_free(struct blob_job *job);

/* Checks the right to push: opens an upload session and cancels it.  ERROR_DENIED names the token's
 * scope and, for ghcr.io, the package setting. */
int registry_probe_push(struct endpoint *endpoint, struct error **err);

/* Cancels the upload session that this answer names.  False: the registry refuses, as ghcr.io does;
 * the session expires there. */
bool registry_cancel_upload(struct endpoint *endpoint, const struct request *opened);

#endif
