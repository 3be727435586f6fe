/* SPDX-License-Identifier: Apache-2.0 */
/* image_gc.h - removes blobs and unpacked trees that no reference of the store leads to */
#ifndef OCIFP_IMAGE_PRUNE_IMAGE_GC_H
#define OCIFP_IMAGE_PRUNE_IMAGE_GC_H

#include <stdbool.h>

#include "image/resolve/built.h"
#include "store/care.h"

struct error;
struct store;

struct image_gc_result {
	struct gc_result blobs;
	unsigned removed_trees;
	struct expired_references expired;
};

/* As store_gc(), after references_expire().  Trees in use are kept; the confined helper removes
 * trees with subordinate ids.
 */
int image_gc(struct store *store, int64_t older_s, bool dry_run, struct image_gc_result *ret_result,
	     struct error **err);

#endif
