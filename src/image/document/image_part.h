/* SPDX-License-Identifier: Apache-2.0 */
/* image_part.h - the part of an image that was wanted, as an image of its own */
#ifndef OCIFP_IMAGE_DOCUMENT_IMAGE_PART_H
#define OCIFP_IMAGE_DOCUMENT_IMAGE_PART_H

#include <stddef.h>

#include "base/cleanup.h"

struct error;
struct image_node;

/* Manifests that were taken out of a tree. */
struct image_nodes {
	struct image_node *items;
	size_t count;
};

/* Moves the manifests out of the tree, nested indexes flattened. */
void image_nodes_take(struct image_node *root, struct image_nodes *ret_manifests);
void image_nodes_release(struct image_nodes *nodes);
#define AUTO_IMAGE_NODES CLEANUP(image_nodes_release)

/* Moves the nodes below `parent`. */
void image_nodes_adopt(struct image_nodes *nodes, struct image_node *parent);

/* Takes what is wanted out of the tree: its one manifest, or a new index of several with the old
 * one's annotations.  A manifest that stands alone stays what it is. */
int image_part_take(struct image_node *root, struct image_node *ret_part, struct error **err);

/* The same of manifests that may have changed since, which are moved; `root` is the old index,
 * or empty. */
int image_part_compose(const struct image_node *root, struct image_nodes *manifests,
		       struct image_node *ret_part, struct error **err);

/* A document that we made: its descriptor, and for a manifest its fields.  Takes the text. */
int image_node_make(char *text, const char *media_type, struct image_node *ret_node,
		    struct error **err);

#endif
