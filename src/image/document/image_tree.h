/* SPDX-License-Identifier: Apache-2.0 */
/* image_tree.h - an image's documents: a manifest, or an index with those of its children that are
 * wanted
 *
 *     index --> manifest linux/amd64 --> config, layers
 *           --> manifest linux/arm64 --> ...
 *           --> (attestations and artifacts: only with `all`)
 *
 * Documents are kept byte for byte as they came.
 */
#ifndef OCIFP_IMAGE_DOCUMENT_IMAGE_TREE_H
#define OCIFP_IMAGE_DOCUMENT_IMAGE_TREE_H

#include <stdbool.h>

#include "image/document/image_node.h"

struct content;
struct error;
struct resolution;

/* What is wanted. */
struct selection {
	const struct platforms *platforms; /* NULL: everything, as it is */
	struct platforms *missing;  /* gets those that are unlisted, or listed with a manifest that
				     * is proven absent; NULL: one that is missing is an error */
	bool leave_out_unsupported; /* of everything: what has a digest that cannot be checked; it
				     * is an error otherwise */
	bool leaves_single;         /* the caller checks a manifest that no index lists */
};

/* Takes the bytes of the root out of the resolution.  ERROR_PLATFORM: one is not listed;
 * ERROR_CONTENT, class "manifest_unknown": one is listed and not there. */
int image_tree_get(const struct content *content, const struct selection *selection,
		   struct resolution *root, struct image_node *ret_root, struct error **err);

/* For a manifest, not an index: whether its config names the platforms. */
int image_tree_check_single(const struct content *content, const struct image_node *root,
			    const struct selection *selection, struct error **err);

/* Every config, layer and blob that an index lists once, in the order they are met: of one
 * document, or of all. */
void image_node_blobs(const struct image_node *node, struct descriptors *ret_blobs);
void image_tree_blobs(const struct image_node *root, struct descriptors *ret_blobs);

/* Every document, children before their parents: the order in which they may be put. */
typedef int image_tree_visit(void *context, const struct image_node *node, struct error **err);
int image_tree_walk(const struct image_node *root, image_tree_visit *visit, void *context,
		    struct error **err);

#endif
