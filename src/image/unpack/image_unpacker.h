/* SPDX-License-Identifier: Apache-2.0 */
/* image_unpacker.h - unpacks an image while it is being pulled
 *
 * The pull calls it through its hook: first with the manifest, then whenever blobs have come.  The
 * config tells which trees to make; each layer starts or continues its tree;
 * image_unpacker_finish() completes the rest.
 *
 * A layer is unpacked only when its blob is complete, checked and in the store: a helper never
 * reads unchecked bytes, and its finished trees stay if the download breaks off later.  A failure
 * of either side ends the other: the helpers are killed with the unpacker, and unfinished trees
 * have no name.
 */
#ifndef OCIFP_IMAGE_UNPACK_IMAGE_UNPACKER_H
#define OCIFP_IMAGE_UNPACK_IMAGE_UNPACKER_H

#include "image/document/local_image.h"
#include "image/transfer/fetch.h"
#include "image/unpack/layer_jobs.h"
#include "sandbox/id_map.h"

struct image_unpacker {
	struct session *session;

	/* Sets up the trees to make, in jobs, for `image` and `map`.  Called again, with
	 * jobs.source.overlay false, if the layers cannot be represented in overlay form. */
	int (*plan)(struct image_unpacker *unpacker, struct error **err);

	struct local_image image;
	struct id_map map;
	struct layer_jobs jobs;
	bool is_known; /* the image's config too */
	bool is_planned;
	struct fetch_hook hook; /* for the pull of the image */
};

/* `overlay`: make one tree for each layer, for overlayfs to join. */
int image_unpacker_init(struct image_unpacker *unpacker, struct session *session, bool overlay,
			struct error **err);

/* For an image that the store has; takes it. */
void image_unpacker_take(struct image_unpacker *unpacker, struct local_image *image);

/* Call it with the image in the store; waits until all trees are made. */
int image_unpacker_finish(struct image_unpacker *unpacker, struct error **err);

/* After a failure: plans again without overlay if that was the cause (class "needs_flat"), else
 * passes it on.  Takes it. */
int image_unpacker_replan(struct image_unpacker *unpacker, struct error *failure,
			  struct error **err);
void image_unpacker_release(struct image_unpacker *unpacker);

#endif
