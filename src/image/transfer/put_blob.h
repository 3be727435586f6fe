/* SPDX-License-Identifier: Apache-2.0 */
/* put_blob.h - one blob into a repository, waited for */
#ifndef OCIFP_IMAGE_TRANSFER_PUT_BLOB_H
#define OCIFP_IMAGE_TRANSFER_PUT_BLOB_H

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

#endif
