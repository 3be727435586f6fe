/* SPDX-License-Identifier: Apache-2.0 */
/* push_tree.h - an image's documents and blobs on their way from one place to another
 *
 *     has the destination the root? --> yes: the tags alone
 *                                   --> no:  which documents does it lack? --> their blobs, all at
 *                                            once --> the documents, children first --> the tags
 *
 * What is there already is not sent: a manifest that the destination has vouches for its blobs.
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
	struct repository *source; /* has the blobs: at hand, or behind a network */
	struct store *made;        /* has those that the source lacks; NULL: it lacks none */
	struct repository *destination;
	const struct descriptors *present; /* blobs that the destination has for sure, or NULL */
	struct store *store; /* of a destination that is one: blobs are then fetched into it */
	const struct image_node *root;
	const char *
		mount_from; /* a repository of the destination's host that has the blobs, or NULL */
	bool mounts_surely; /* it is where they come from: nobody asks whether they are there */
};

struct pushed {
	struct put_result put_result; /* of the root: what its tags name */
	bool was_there;               /* the destination had the root */
};

/* The root under each tag, after all that it needs; children of the index that are not in the tree
 * must be at the destination already. */
int push_tree(const struct pushing *pushing, const struct strings *tags, struct pushed *ret_pushed,
	      struct error **err);

/* What is below the root alone, though the destination may have the root. */
int push_children(const struct pushing *pushing, struct error **err);

/* The two parts of push_tree(), for who has asked already: of a root that is there, or not. */
int push_tags(const struct pushing *pushing, const struct strings *tags,
	      struct put_result *ret_result, struct error **err);
int push_whole(const struct pushing *pushing, const struct strings *tags,
	       struct put_result *ret_result, struct error **err);

/* ERROR_REFUSED, class "tag_conflict", when a tag names something else than `wanted`. */
int push_check_tags(struct repository *destination, const struct strings *tags,
		    const struct digest *wanted, struct error **err);

#endif
