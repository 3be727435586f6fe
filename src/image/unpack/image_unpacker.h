/* SPDX-License-Identifier: Apache-2.0 */
/* image_unpacker.h - an image that is unpacked while it is being pulled
 *
 * The pull calls it through its hook: with the manifest first; then after blobs have come.  With
 * the config the trees are planned and begun, with each layer that layer's tree;
 * image_unpacker_finish() makes what is left.
 *
 * A layer's tree is begun when its blob is whole, checked, and in the store: what a helper reads is
 * never a byte that nobody has vouched for, and what it makes stays when the download breaks off
 * later.  A failure of either side ends the other: the helpers are killed with the unpacker, and
 * nothing that they made has its name.
 */
#ifndef OCIFP_IMAGE_UNPACK_IMAGE_UNPACKER_H
#define OCIFP_IMAGE_UNPACK_IMAGE_UNPACKER_H

#include "image/document/local_image.h"
#include "image/transfer/fetch.h"
#include "image/unpack/layer_jobs.h"
#include "sandbox/id_map.h"

struct image_unpacker {
	struct session *session;

	/* The trees to be made, into jobs, for `image` and `map`; once more, with
	 * jobs.source.overlay false, when layers cannot be had in overlay form. */
	int (*plan)(struct image_unpacker *unpacker, struct error **err);

	struct local_image image;
	struct id_map map;
	struct layer_jobs jobs;
	bool is_known; /* the image's config too */
	bool is_planned;
	struct fetch_hook hook; /* for the pull of the image */
};

/* `overlay`: one tree a layer is wanted, for overlayfs to join. */
int image_unpacker_init(struct image_unpacker *unpacker, struct session *session, bool overlay,
			struct error **err);

/* An image that the store has already; takes it. */
void image_unpacker_take(struct image_unpacker *unpacker, struct local_image *image);

/* With the image in the store, until all is made. */
int image_unpacker_finish(struct image_unpacker *unpacker, struct error **err);

/* What failed, again without overlay if that was to blame (class "needs_flat"); takes it. */
int image_unpacker_replan(struct image_unpacker *unpacker, struct error *failure,
			  struct error **err);
void image_unpacker_release(struct image_unpacker *unpacker);

#endif
