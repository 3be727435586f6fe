/* SPDX-License-Identifier: Apache-2.0 */
#include "image/prune/image_gc.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "image/resolve/built.h"
#include "layer/unpacker.h"
#include "sandbox/id_map.h"
#include "store/layer_trees.h"

/* Trees with subordinate ids that the user no longer has cannot be removed. */
static int
map_of_name(const char *name, struct id_map *ret_map, struct error **err)
{
	if (!strstr(name, "-ranges-"))
		*ret_map = (struct id_map){ .kind = ID_MAP_OWN };
	else if (id_map_choose(ret_map, err) < 0)
		return -1;
	else if (!strstr(name, id_map_name(ret_map).text))
		return error_set(err, ERROR_LOCAL,
				 "the files of '%s' have subordinate ids that are no longer ours",
				 name);
	return 0;
}

static int
empty(void *context, const char *name, int fd, struct error **err)
{
	struct id_map map;

	(void)context;
	return map_of_name(name, &map, err) < 0 ? -1 : unpacker_empty(fd, &map, err);
}

int
image_gc(struct store *store, int64_t older_s, bool dry_run, struct image_gc_result *ret_result,
	 struct error **err)
{
	struct layer_sweep sweep = { .empty = empty, .dry_run = dry_run };
	struct image_gc_result result = { 0 };

	if (references_expire(store, older_s, dry_run, &result.expired, err) < 0 ||
	    store_gc(store, dry_run, &result.blobs, err) < 0 ||
	    store_sweep_layers(store, &sweep, err) < 0)
		return -1;
	result.removed_trees = sweep.removed_count;
	*ret_result = result;
	return 0;
}
