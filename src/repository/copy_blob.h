/* SPDX-License-Identifier: Apache-2.0 */
/* copy_blob.h - copies a local blob into a body */
#ifndef OCIFP_REPOSITORY_COPY_BLOB_H
#define OCIFP_REPOSITORY_COPY_BLOB_H

struct body;
struct digest;
struct error;
struct observer;
struct source;

/* Writes the bytes that the body lacks, then ends it.  The observer (may be NULL) hears how far the
 * blob is. */
int copy_source(const struct source *source, struct body *body, struct observer *observer,
		const struct digest *digest, struct error **err);

#endif
