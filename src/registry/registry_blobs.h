/* registry_blobs.h - blobs by digest, read and written, many at once
 *
 * distribution-spec, "Pulling blobs", "Pushing blobs".  A GET follows redirects to other origins
 * without credentials; by-digest mirrors are asked first.  A PUT asks whether the blob is there,
 * tries to mount it, and uploads it with POST and one PUT, or as the registry needs it
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
struct source;

enum blob_outcome { BLOB_MOVED, BLOB_EXISTED, BLOB_MOUNTED };

/* `failure` NULL: done.  Called on the engine's thread, once; takes the failure. */
typedef void blob_done(void *context, enum blob_outcome outcome, struct error *failure);

/* A 404 is ERROR_CONTENT with class "blob_unknown": who asks has a manifest that lists it. */
struct blob_job *registry_get_blob(struct endpoint *endpoint, const struct digest *digest,
				   struct body *body, blob_done *done, void *context,
				   struct error **err);

/* A HEAD, and a GET when it is not there: ERROR_ABSENT when the registry itself says so. */
int registry_find_blob(struct endpoint *endpoint, const struct digest *digest,
		       uint64_t *ret_size_bytes, struct error **err);

struct blob_upload {
	struct digest digest;
	uint64_t size_bytes;
	const struct source *source; /* borrowed until done */
	const char *mount_from;      /* another repository at this host, or NULL */
	bool skip_check;             /* known to be absent: no HEAD */
};

struct blob_job *registry_put_blob(struct endpoint *endpoint, const struct blob_upload *asked,
				   blob_done *done, void *context, struct error **err);

/* Cancels it when it has not ended; done is not called then. */
void blob_job_free(struct blob_job *job);

/* May we push here?  POST uploads = 202: yes, and the session is cancelled where that is possible.
 * ERROR_DENIED names the token's scope and, for ghcr.io, the package setting. */
int registry_probe_push(struct endpoint *endpoint, struct error **err);

#endif
