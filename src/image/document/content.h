/* SPDX-License-Identifier: Apache-2.0 */
/* content.h - small content by digest: from a store if it has it, else from the repository
 *
 * Manifests, configs and lists of inputs; all are checked against their descriptors.
 */
#ifndef OCIFP_IMAGE_DOCUMENT_CONTENT_H
#define OCIFP_IMAGE_DOCUMENT_CONTENT_H

#include <stdbool.h>

#include "oci/config.h"
#include "oci/descriptor.h"

struct buf;
struct error;
struct image_index;
struct manifest;
struct repository;
struct resolution;
struct store;

struct content {
	struct repository *repository;
	struct store *cache; /* asked first, as `local_store`; NULL: none */
	struct store *local_store;
	bool keep; /* add the blobs that are fetched to the cache: a pull needs them anyway */
};

/* A manifest or index.  *ret_found false: proven absent at the repository. */
int content_get_manifest(const struct content *content, const struct descriptor *descriptor,
			 struct resolution *ret_resolution, bool *ret_found, struct error **err);

/* A blob that fits into the buffer, checked. */
int content_get_blob(const struct content *content, const struct descriptor *descriptor,
		     struct buf *bytes, struct error **err);

int content_get_config(const struct content *content, const struct manifest *manifest,
		       struct image_config *ret_config, struct error **err);

/* Whether a blob failed because its bytes did not match the descriptor: it is then requested once
 * more. */
bool content_came_damaged(const struct error *failure);

/* The platform of a manifest without an index entry, from its config. */
int content_get_platform(const struct content *content, const struct manifest *manifest,
			 struct platform *ret_platform, struct error **err);

/* The entries that a root adds to an index: those of an index, or a single manifest with the
 * platform of its config.  Annotations are those of an index. */
int content_get_entries(const struct content *content, const struct resolution *root,
			struct image_index *ret_index, struct error **err);

/* The list of inputs that was published with an image (publish.h).  ERROR_CONTENT, class
 * "no_inputs": there is none. */
int content_get_inputs(const struct content *content, const struct resolution *root,
		       struct buf *record, struct error **err);

#endif
