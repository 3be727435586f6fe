/* SPDX-License-Identifier: Apache-2.0 */
/* put_document.h - a manifest or index that somebody made, put as it is
 *
 * Its media type is the one that it names itself, else that of its kind.
 */
#ifndef OCIFP_IMAGE_TRANSFER_PUT_DOCUMENT_H
#define OCIFP_IMAGE_TRANSFER_PUT_DOCUMENT_H

struct buf;
struct digest;
struct error;
struct location;
struct session;

/* Under the location's tag, or its digest, which must then be that of the bytes. */
int put_document(struct session *session, const struct location *location, const struct buf *bytes,
		 struct digest *ret_digest, struct error **err);

#endif
