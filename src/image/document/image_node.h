/* SPDX-License-Identifier: Apache-2.0 */
/* image_node.h - one document of an image, with those of its children that were fetched
 *
 * A manifest, or an index with children; byte for byte as received, with its digest checked.  A
 * part of an image (image_part_*) is the selected part of its tree as an image of its own.
 */
#ifndef OCIFP_IMAGE_DOCUMENT_IMAGE_NODE_H
#define OCIFP_IMAGE_DOCUMENT_IMAGE_NODE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "oci/descriptor.h"
#include "oci/manifest.h"

struct content;
struct error;
struct image_index;
struct resolution;

struct image_node {
	struct descriptor descriptor; /* as the parent has it, with platform and annotations */
	struct buf bytes;
	json_t *value; /* the parsed document */
	enum document_kind kind;
	struct manifest manifest;    /* of a DOCUMENT_MANIFEST */
	struct image_node *children; /* of a DOCUMENT_INDEX: the wanted ones */
	size_t child_count;
	struct descriptors blobs; /* of a DOCUMENT_INDEX: blobs that it lists itself */
};

void image_node_release(struct image_node *node);
#define AUTO_IMAGE_NODE CLEANUP(image_node_release)

/* Takes the bytes and the parsed value out of the resolution; parses a manifest. */
int image_node_take(struct resolution *resolution, struct image_node *node, struct error **err);
int image_node_read_index(const struct image_node *node, struct image_index *ret_index,
			  struct error **err);

/* NULL: it was not fetched. */
struct image_node *image_node_find_child(const struct image_node *parent,
					 const struct digest *digest);

/* Fetches it if necessary.  *ret_child NULL: proven absent. */
int image_node_get_child(const struct content *content, struct image_node *parent,
			 const struct descriptor *descriptor, struct image_node **ret_child,
			 struct error **err);

/* Manifests that were taken out of a tree. */
struct image_nodes {
	struct image_node *items;
	size_t count;
};

/* Moves the manifests out of the tree; flattens nested indexes. */
void image_nodes_take(struct image_node *root, struct image_nodes *ret_manifests);
void image_nodes_release(struct image_nodes *nodes);
#define AUTO_IMAGE_NODES CLEANUP(image_nodes_release)

/* Moves the nodes below `parent`. */
void image_nodes_adopt(struct image_nodes *nodes, struct image_node *parent);

/* Takes the wanted part out of the tree: its one manifest, or a new index of several with the old
 * annotations.  A manifest without an index stays as it is. */
int image_part_take(struct image_node *root, struct image_node *ret_part, struct error **err);

/* The same for manifests that may have been changed; they are moved.  `root` is the old index, or
 * empty. */
int image_part_compose(const struct image_node *root, struct image_nodes *manifests,
		       struct image_node *ret_part, struct error **err);

/* A document that we made, with its descriptor, and for a manifest its fields.  Takes the text. */
int image_node_make(char *text, const char *media_type, struct image_node *ret_node,
		    struct error **err);

#endif
