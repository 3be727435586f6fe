/* SPDX-License-Identifier: Apache-2.0 */
/* content.h - small content by digest: from a store when it is there, else from the repository */
#ifndef OCIFP_IMAGE_DOCUMENT_CONTENT_H
#define OCIFP_IMAGE_DOCUMENT_CONTENT_H

#include <stdbool.h>

#include "oci/config.h"
#include "oci/descriptor.h"

struct buf;
struct error;
struct manifest;
struct repository;
struct resolution;
struct store;

struct content {
	struct repository *repository;
	struct store *cache; /* asked first; NULL: none, as `local_store` */
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

/* Whether that failure of a blob means that other bytes came than its descriptor says: it is asked
 * for once more then. */
bool content_came_damaged(const struct error *failure);

/* What a manifest that no index describes runs on. */
int content_get_platform(const struct content *content, const struct manifest *manifest,
			 struct platform *ret_platform, struct error **err);

#endif
