/* collect.h - what no reference of the store leads to is removed: blobs, and trees that were
 * unpacked */
#ifndef OCIFP_IMAGE_PRUNE_COLLECT_H
#define OCIFP_IMAGE_PRUNE_COLLECT_H

#include <stdbool.h>

#include "store/care.h"

struct error;
struct store;

struct image_gc_result {
	struct gc_result blobs;
	unsigned removed_trees;
	unsigned expired_builds; /* names of local builds; image/resolve/built.h */
};

/* As store_gc(), after local builds that nothing uses lost their names.  Trees in use stay; those
 * of subordinate ids are removed by the confined helper.
 */
int image_gc(struct store *store, bool dry_run, struct image_gc_result *ret_result,
	     struct error **err);

#endif
