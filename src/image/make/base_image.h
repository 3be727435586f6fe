/* SPDX-License-Identifier: Apache-2.0 */
/* base_image.h - an image that another one is made of, and the documents that change on the way
 *
 *     base_image_open --> base_image_read: its images, one a platform
 *                             --> draft_begin --> manifest and config, to be edited
 */
#ifndef OCIFP_IMAGE_MAKE_BASE_IMAGE_H
#define OCIFP_IMAGE_MAKE_BASE_IMAGE_H

#include <stdbool.h>

#include <jansson.h>

#include "image/document/content.h"
#include "image/document/image_node.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "oci/config.h"

struct destination;
struct error;
struct platforms;
struct session;

struct base_image {
	struct target target;
	struct found_image found; /* its repository has the blobs */
	struct content content;
};

/* In a registry, a layout or an archive; what its registry lacks may be in the store under that
 * name.  Release it either way. */
int base_image_open(struct base_image *base, struct session *session, const char *reference,
		    const struct destination *destination, struct error **err);

/* The images among its manifests, which are taken out of the tree; at least one.  Any number of
 * times. */
int base_image_read(const struct base_image *base, const struct platforms *platforms,
		    struct image_node *ret_root, struct image_nodes *ret_images,
		    struct error **err);
void base_image_release(struct base_image *base);
#define AUTO_BASE_IMAGE CLEANUP(base_image_release)

/* Documents of one image, edited: unknown members stay. */
struct draft {
	const struct base_image *base; /* NULL: nothing */
	const struct image_node *node; /* of the base, as it was */
	struct image_config before;    /* of the base */
	json_t *manifest;
	json_t *config;
	bool config_changed;
	const char *media_type;   /* of the manifest now */
	struct platform platform; /* that an index says from now on; all NULL: as before */
};

/* `base` NULL: of an empty image for the node's platform.  ERROR_CONTENT: the config does not fit
 * the layers. */
int draft_begin(struct draft *draft, const struct base_image *base, const struct image_node *node,
		struct error **err);
void draft_release(struct draft *draft);
#define AUTO_DRAFT CLEANUP(draft_release)

#endif
