/* SPDX-License-Identifier: Apache-2.0 */
/* publish.h - the index under which a by-hash image is published
 *
 *     our index, annotated with fingerprint, scheme, source and revision
 *       --> the image's manifests, byte for byte
 *       --> an artifact manifest (application/vnd.ocifp.inputs.v1, platform unknown/unknown)
 *             --> one layer: the record, whose digest is the fingerprint (scheme tree)
 *
 * image-spec, manifest.md, "Guidelines for Artifact Usage"; ocifp-fingerprint(7).
 */
#ifndef OCIFP_IMAGE_TRANSFER_PUBLISH_H
#define OCIFP_IMAGE_TRANSFER_PUBLISH_H

#include <jansson.h>

struct descriptors;
struct error;
struct image_node;
struct image_nodes;
struct store;
struct target;

struct publish_options {
	const struct descriptors *kept; /* entries of the destination that are kept */
	const json_t *annotations; /* of the index, added to ours; NULL: none, also for `kept` */
};

/* Adds the record, its manifest and the index to the store (not yet committed), and creates the
 * index's node, which takes the manifests. */
int publish_make(struct store *store, const struct target *target, struct image_nodes *manifests,
		 const struct publish_options *options, struct image_node *ret_index,
		 struct error **err);

#endif
