/* SPDX-License-Identifier: Apache-2.0 */
/* push_tree.h - sends an image's documents and blobs from one place to another
 *
 *     has the destination the root? --> yes: the tags only
 *                                   --> no:  which documents does it lack? --> their blobs, all at
 *                                            once --> the documents, children first --> the tags
 *
 * Existing content is not sent: a manifest at the destination proves that its blobs are there.
 */
#ifndef OCIFP_IMAGE_TRANSFER_PUSH_TREE_H
#define OCIFP_IMAGE_TRANSFER_PUSH_TREE_H

#include <stdbool.h>

#include "registry/manifests.h"

struct error;
struct image_node;
struct repository;
struct session;
struct store;
struct strings;

struct pushing {
	struct session *session;
	struct repository *source; /* has the blobs: local, or behind a network */
	struct store *made;        /* has new blobs that the source lacks; NULL: none */
	struct repository *destination;
	const struct descriptors *present; /* blobs that the destination has for sure, or NULL */
	struct store *store; /* the destination's store, if it is a layout: blobs are then fetched
				into it */
	const struct image_node *root;
	const char *
		mount_from; /* a repository of the destination's host that has the blobs, or NULL */
	bool mounts_surely; /* the blobs come from there: mount without asking */
};

struct pushed {
	struct put_result put_result; /* of the root */
	bool was_there;               /* the destination had the root */
};

/* Puts the root under each tag, after everything that it needs.  Children of the index that are not
 * in the tree must exist at the destination. */
int push_tree(const struct pushing *pushing, const struct strings *tags, struct pushed *ret_pushed,
	      struct error **err);

/* Puts only what is below the root, even if the destination has the root. */
int push_children(const struct pushing *pushing, struct error **err);

/* The two parts of push_tree(), for a caller that has already asked: for a root that exists, or
 * not. */
int push_tags(const struct pushing *pushing, const struct strings *tags,
	      struct put_result *ret_result, struct error **err);
int push_whole(const struct pushing *pushing, const struct strings *tags,
	       struct put_result *ret_result, struct error **err);

/* ERROR_REFUSED, class "tag_conflict", if a tag names another digest than `wanted`. */
int push_check_tags(struct repository *destination, const struct strings *tags,
		    const struct digest *wanted, struct error **err);

#endif
