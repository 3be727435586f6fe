/* SPDX-License-Identifier: Apache-2.0 */
/* image_layers.h - an image's layers, each unpacked once in the store, for overlayfs to join
 *
 * In overlay form (layer/helper/tree.h) where that shows the same tree as unpacking one over the
 * other would.  Where it does not, or the file system has no whiteouts or no user extended
 * attributes, one flat tree of all layers.  The layers stay as they are: a job writes elsewhere.
 */
#ifndef OCIFP_IMAGE_UNPACK_IMAGE_LAYERS_H
#define OCIFP_IMAGE_UNPACK_IMAGE_LAYERS_H

#include <sys/types.h>

#include "base/cleanup.h"
#include "base/strings.h"
#include "sandbox/id_map.h"

struct error;
struct image_unpacker;
struct session;

struct image_layers {
	struct strings
		paths; /* of trees, the lowest first; each once; none for an image without layers */
	struct id_map map; /* whose the files are */
	mode_t root_mode;  /* of "/", by the topmost layer that has an entry for it */
	bool is_flat;      /* paths has one tree, with nothing of overlayfs in it */
	int *lock_fds;     /* while these are open, gc leaves the trees */
	size_t lock_count;
};

/* What is not there yet is unpacked, several layers at once, from the time on that the unpacker is
 * handed to pull_image(); what another process unpacks is waited for. */
int image_layers_begin(struct image_unpacker *image_unpacker, struct session *session,
		       struct error **err);
int image_layers_finish(struct image_unpacker *image_unpacker, struct image_layers *ret_layers,
			struct error **err);
void image_layers_release(struct image_layers *layers);
#define AUTO_IMAGE_LAYERS CLEANUP(image_layers_release)

#endif
