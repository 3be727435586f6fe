/* SPDX-License-Identifier: Apache-2.0 */
/* index_edit.h - entries of an index, put in and taken out
 *
 * A platform has one entry.  What BuildKit attests about an image (annotation
 * vnd.docker.reference.digest) stands beside it and comes and goes with it.
 */
#ifndef OCIFP_OCI_INDEX_EDIT_H
#define OCIFP_OCI_INDEX_EDIT_H

#include "oci/index.h"

/* In the place of the entry that has its platform or its digest, else at the end; with what
 * attests it in `from`, the entries that it comes out of. */
void image_index_put(struct image_index *index, const struct descriptor *entry,
		     const struct descriptors *from);

/* All images, with what attests them, and artifacts, once each. */
void image_index_put_all(struct image_index *index, const struct descriptors *from);

/* How many entries were there to take out. */
size_t image_index_drop_platform(struct image_index *index, const struct platform *platform);
size_t image_index_drop_digest(struct image_index *index, const struct digest *digest);

#endif
