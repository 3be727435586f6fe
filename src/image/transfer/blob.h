/* SPDX-License-Identifier: Apache-2.0 */
/* blob.h - one blob into a repository or out of one, waited for */
#ifndef OCIFP_IMAGE_TRANSFER_BLOB_H
#define OCIFP_IMAGE_TRANSFER_BLOB_H

#include "registry/registry_blobs.h"

struct descriptor;
struct error;
struct repository;

/* Bytes at hand. */
int put_blob_bytes(struct repository *repository, const void *bytes, size_t size,
		   const char *media_type, struct descriptor *ret_descriptor, struct error **err);

/* An open file, whose content is hashed first. */
int put_blob_file(struct repository *repository, int fd, const char *media_type,
		  struct descriptor *ret_descriptor, enum blob_outcome *ret_outcome,
		  struct error **err);

/* Out of a repository into an open file or pipe: through memory alone, and what breaks off goes on.
 * The last bytes are written only when the digest of all is right. */
int blob_write(struct repository *repository, const struct descriptor *descriptor, int fd,
	       const char *what, struct error **err);

#endif
