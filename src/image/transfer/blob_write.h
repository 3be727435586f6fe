/* SPDX-License-Identifier: Apache-2.0 */
/* blob_write.h - a blob of a repository into an open file or pipe, checked on its way
 *
 * Through memory alone; what breaks off goes on.  The last bytes are written only when the digest
 * of all is right.
 */
#ifndef OCIFP_IMAGE_TRANSFER_BLOB_WRITE_H
#define OCIFP_IMAGE_TRANSFER_BLOB_WRITE_H

struct descriptor;
struct error;
struct repository;

int blob_write(struct repository *repository, const struct descriptor *descriptor, int fd,
	       const char *what, struct error **err);

#endif
