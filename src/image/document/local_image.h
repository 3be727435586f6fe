/* SPDX-License-Identifier: Apache-2.0 */
/* local_image.h - an image in the store, for one platform: its manifest and its config */
#ifndef OCIFP_IMAGE_DOCUMENT_LOCAL_IMAGE_H
#define OCIFP_IMAGE_DOCUMENT_LOCAL_IMAGE_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "oci/config.h"
#include "oci/manifest.h"

struct error;
struct image_node;
struct platforms;
struct session;
struct store;

struct local_image {
	struct digest digest; /* of the manifest */
	struct manifest manifest;
	struct image_config config;
};

/* From an index takes the entry for the first of the platforms (NULL: linux/<this machine>).
 * ERROR_CONTENT: not an image, or one that cannot be unpacked.  The number of layers matches the
 * config.
 */
int local_image_read(struct session *session, const struct digest *root,
		     const struct platforms *platforms, struct local_image *ret_image,
		     struct error **err);

/* The same in two steps, for an image that is being fetched: first the first manifest of a tree;
 * then, once the store has it, the config. */
int local_image_begin(struct local_image *image, const struct image_node *root, struct error **err);
bool local_image_can_complete(const struct local_image *image, struct store *store);
int local_image_complete(struct local_image *image, struct store *store, struct error **err);
void local_image_release(struct local_image *image);
#define AUTO_LOCAL_IMAGE CLEANUP(local_image_release)

#endif
