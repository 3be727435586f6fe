/* SPDX-License-Identifier: Apache-2.0 */
/* image_layers.h - an image's layers, each unpacked once in the store, to be joined by overlayfs
 *
 * In overlay form (layer/helper/tree.h) if that shows the same tree as unpacking the layers over
 * each other.  If not, or if the file system lacks whiteouts or user extended attributes, one flat
 * tree of all layers.  The trees are not changed; a job writes elsewhere.
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
		paths; /* of trees, lowest first, each once; empty for an image without layers */
	struct id_map map; /* the owners of the files */
	mode_t root_mode;  /* of "/", from the topmost layer with an entry for it */
	bool is_flat;      /* one flat tree, without overlayfs's forms */
	int *lock_fds;     /* while these are open, gc keeps the trees */
	size_t lock_count;
};

/* Unpacks the missing layers, several at once, as soon as the unpacker is passed to pull_image();
 * waits for layers that another process unpacks. */
int image_layers_begin(struct image_unpacker *image_unpacker, struct session *session,
		       struct error **err);
int image_layers_finish(struct image_unpacker *image_unpacker, struct image_layers *ret_layers,
			struct error **err);
void image_layers_release(struct image_layers *layers);
#define AUTO_IMAGE_LAYERS CLEANUP(image_layers_release)

#endif
