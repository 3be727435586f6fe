/* SPDX-License-Identifier: Apache-2.0 */
/* named_digest.h - a digest that the user names as the place to write to: one image alone fits */
#ifndef OCIFP_IMAGE_DOCUMENT_NAMED_DIGEST_H
#define OCIFP_IMAGE_DOCUMENT_NAMED_DIGEST_H

struct digest;
struct error;

/* ERROR_USAGE when another one is named. */
int named_digest_check(const struct digest *named, const struct digest *content,
		       struct error **err);

#endif
