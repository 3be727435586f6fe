/* SPDX-License-Identifier: Apache-2.0 */
/* put_document.h - puts a given manifest or index, byte for byte
 *
 * Its media type is the one in the document, else the one of its kind.
 */
#ifndef OCIFP_IMAGE_TRANSFER_PUT_DOCUMENT_H
#define OCIFP_IMAGE_TRANSFER_PUT_DOCUMENT_H

struct buf;
struct digest;
struct error;
struct location;
struct session;

/* Under the location's tag, or under its digest, which has to match the bytes. */
int put_document(struct session *session, const struct location *location, const struct buf *bytes,
		 struct digest *ret_digest, struct error **err);

#endif
