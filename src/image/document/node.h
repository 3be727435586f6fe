/* SPDX-License-Identifier: Apache-2.0 */
/* node.h - one document of an image, and those of its children that were fetched
 *
 * A manifest, or an index with children; byte for byte as it came, its digest checked.
 */
#ifndef OCIFP_IMAGE_DOCUMENT_NODE_H
#define OCIFP_IMAGE_DOCUMENT_NODE_H

#include "base/buf.h"
#include "oci/descriptor.h"
#include "oci/manifest.h"

struct content;
struct error;
struct image_index;
struct resolution;

struct image_node {
	struct descriptor descriptor; /* as the parent has it, with platform and annotations */
	struct buf bytes;
	json_t *value; /* what they say */
	enum document_kind kind;
	struct manifest manifest;    /* of a DOCUMENT_MANIFEST */
	struct image_node *children; /* of a DOCUMENT_INDEX: those that are wanted */
	size_t child_count;
	struct descriptors blobs; /* of a DOCUMENT_INDEX: those that it lists itself */
};

void image_node_release(struct image_node *node);
#define AUTO_IMAGE_NODE CLEANUP(image_node_release)

/* Takes the bytes and their value out of the resolution, and reads them if they are a manifest. */
int image_node_take(struct resolution *resolution, struct image_node *node, struct error **err);
int image_node_read_index(const struct image_node *node, struct image_index *ret_index,
			  struct error **err);

/* NULL: it was not fetched. */
struct image_node *image_node_find_child(const struct image_node *parent,
					 const struct digest *digest);

void image_node_take_child(struct image_node *parent, struct image_node *child);

/* Fetches it unless it is there.  *ret_child NULL: it is proven absent. */
int image_node_get_child(const struct content *content, struct image_node *parent,
			 const struct descriptor *descriptor, struct image_node **ret_child,
			 struct error **err);

#endif
