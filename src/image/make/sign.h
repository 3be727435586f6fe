/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h - adds a signature to those of an image
 *
 * See signatures.h.  An image's signatures share one tag, and registries have no conditional
 * writes: if two sign one image at the same moment, one signature may be lost.
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
	size_t count;   /* number of the image's signatures */
	bool was_there; /* this key had already signed the same claim */
};

/* With the only key. */
int sign_image(struct session *session, const struct target *target,
	       const struct found_image *found, const struct signing_keys *keys,
	       struct sign_result *ret_result, struct error **err);

#endif
