/* SPDX-License-Identifier: Apache-2.0 */
/* index_edit.h - adds entries to an index, and removes them
 *
 * A platform has one entry.  BuildKit's attestations of an image (annotation
 * vnd.docker.reference.digest) stand beside its entry, and are added and removed with it.
 */
#ifndef OCIFP_OCI_INDEX_EDIT_H
#define OCIFP_OCI_INDEX_EDIT_H

#include "oci/index.h"

/* Replaces the entry with the same platform or digest, else appends.  Also takes its attestations
 * from `from`, the list that the entry comes from. */
void image_index_put(struct image_index *index, const struct descriptor *entry,
		     const struct descriptors *from);

/* All images with their attestations, and artifacts, once each. */
void image_index_put_all(struct image_index *index, const struct descriptors *from);

/* Returns the number of entries that were removed. */
size_t image_index_drop_platform(struct image_index *index, const struct platform *platform);
size_t image_index_drop_digest(struct image_index *index, const struct digest *digest);

#endif
