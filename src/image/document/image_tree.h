/* SPDX-License-Identifier: Apache-2.0 */
/* image_tree.h - an image's documents: a manifest, or an index with the wanted children
 *
 *     index --> manifest linux/amd64 --> config, layers
 *           --> manifest linux/arm64 --> ...
 *           --> (attestations and artifacts: only with `all`)
 *
 * Documents are kept byte for byte as received.
 */
#ifndef OCIFP_IMAGE_DOCUMENT_IMAGE_TREE_H
#define OCIFP_IMAGE_DOCUMENT_IMAGE_TREE_H

#include <stdbool.h>

#include "image/document/image_node.h"

struct content;
struct error;
struct resolution;

/* The wanted part of an image. */
struct selection {
	const struct platforms *platforms; /* NULL: everything, unchanged */
	struct platforms *missing;  /* gets platforms that are not listed, or listed with a manifest
				       that is proven absent; NULL: a missing one is an error */
	bool leave_out_unsupported; /* with everything: gets entries with an unsupported digest;
				       otherwise they are an error */
	bool leaves_single; /* the caller checks the platform of a manifest without an index */
};

/* Takes the bytes of the root out of the resolution.  ERROR_PLATFORM: a platform is not listed;
 * ERROR_CONTENT, class "manifest_unknown": it is listed, but its manifest is missing. */
int image_tree_get(const struct content *content, const struct selection *selection,
		   struct resolution *root, struct image_node *ret_root, struct error **err);

/* Whether the config of a manifest without an index has the platforms. */
int image_tree_check_single(const struct content *content, const struct image_node *root,
			    const struct selection *selection, struct error **err);

/* Each config, layer and listed blob once, in the order in which they are met: of one document, or
 * of the whole tree. */
void image_node_blobs(const struct image_node *node, struct descriptors *ret_blobs);
void image_tree_blobs(const struct image_node *root, struct descriptors *ret_blobs);

/* Visits every document, children before their parents, which is the order for a push. */
typedef int image_tree_visit(void *context, const struct image_node *node, struct error **err);
int image_tree_walk(const struct image_node *root, image_tree_visit *visit, void *context,
		    struct error **err);

#endif
