/* SPDX-License-Identifier: Apache-2.0 */
/* export.h - an image's root filesystem as one tar, or one file of it */
#ifndef OCIFP_IMAGE_UNPACK_EXPORT_H
#define OCIFP_IMAGE_UNPACK_EXPORT_H

#include "image/transfer/pull.h"

struct sink;

/* Pulls one platform of the image into the store first.  `path` NULL: everything.  Finishes the
 * sink, which stays the caller's. */
int export_image(struct session *session, const struct target *target,
		 const struct pull_options *options, const char *path, struct sink *sink,
		 struct pull_result *ret_result, struct error **err);

#endif
