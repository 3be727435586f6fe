/* SPDX-License-Identifier: Apache-2.0 */
/* image_source.h - an image that is available locally: in a layout, an archive or the store */
#ifndef OCIFP_IMAGE_RESOLVE_IMAGE_SOURCE_H
#define OCIFP_IMAGE_RESOLVE_IMAGE_SOURCE_H

#include "base/cleanup.h"

struct error;
struct image_node;
struct location;
struct platforms;
struct repository;
struct session;

/* A registry's reference stands for the image with that name in the store.  `platforms` NULL: all
 * that the image has.  The repository is the caller's. */
struct repository *source_open_image(struct session *session, const struct location *location,
				     const struct platforms *platforms, struct image_node *ret_root,
				     struct error **err);

#endif
