/* SPDX-License-Identifier: Apache-2.0 */
/* blob.h - puts or gets one blob, and waits for it */
#ifndef OCIFP_IMAGE_TRANSFER_BLOB_H
#define OCIFP_IMAGE_TRANSFER_BLOB_H

#include "registry/registry_blobs.h"

struct descriptor;
struct error;
struct repository;
struct sink;

/* From memory. */
int put_blob_bytes(struct repository *repository, const void *bytes, size_t size,
		   const char *media_type, struct descriptor *ret_descriptor, struct error **err);

/* From an open file, which is hashed first. */
int put_blob_file(struct repository *repository, int fd, const char *media_type,
		  struct descriptor *ret_descriptor, enum blob_outcome *ret_outcome,
		  struct error **err);

/* From a repository to a sink, which is not finished, through memory only; a broken transfer is
 * resumed.  The last bytes are written only after the digest was checked. */
int blob_write(struct repository *repository, const struct descriptor *descriptor,
	       struct sink *sink, struct error **err);

#endif
