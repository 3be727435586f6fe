/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h - a signature for an image, beside those that it has
 *
 * See signatures.h.  They share one tag, and no registry has a conditional write: of two that sign
 * the same image at the same moment one may be lost.
 */
#ifndef OCIFP_IMAGE_MAKE_SIGN_H
#define OCIFP_IMAGE_MAKE_SIGN_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct found_image;
struct session;
struct signing_keys;
struct target;

struct sign_result {
	size_t count;   /* of its signatures now */
	bool was_there; /* this key had said the same already */
};

/* With the only key. */
int sign_image(struct session *session, const struct target *target,
	       const struct found_image *found, const struct signing_keys *keys,
	       struct sign_result *ret_result, struct error **err);

#endif
