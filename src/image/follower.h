/* follower.h - an image that is unpacked while it is being pulled
 *
 *     pull_image                          follower_begin    the manifest
 *       fetch_blobs                       follower_step     the config has come: plan(), trees are
 *         repository_step(watched)                          begun; a layer has come: its tree is
 *     follower_finish                                       what is left
 *
 * A layer's tree is begun when its blob is whole, checked, and in the store: what a helper reads is
 * never a byte that nobody has vouched for, and what it makes stays when the download breaks off
 * later.  A failure of either side ends the other: the helpers are killed with the follower, and
 * nothing that they made has its name.
 */
#ifndef OCIFP_IMAGE_FOLLOWER_H
#define OCIFP_IMAGE_FOLLOWER_H

#include "image/layer_jobs.h"
#include "image/local_image.h"
#include "sandbox/id_map.h"

struct follower {
	struct session *session;

	/* The trees to be made, into jobs, for `image` and `map`; once more, with
	 * jobs.source.overlay false, when layers cannot be had in overlay form. */
	int (*plan)(struct follower *follower, struct error **err);

	struct local_image image;
	struct id_map map;
	struct layer_jobs jobs;
	bool is_known; /* the image's config too */
	bool is_planned;
	bool has_failed; /* a step: it is not the download that did */
};

/* `overlay`: one tree a layer is wanted, for overlayfs to join. */
int follower_init(struct follower *follower, struct session *session, bool overlay,
		  struct error **err);

/* The image that is being pulled; or one that the store has already, which is taken. */
int follower_begin(struct follower *follower, const struct image_node *root, struct error **err);
void follower_take(struct follower *follower, struct local_image *image);

/* Without waiting; `more`: blobs have come. */
int follower_step(struct follower *follower, bool more, struct error **err);
void follower_watch(const struct follower *follower, struct watched *ret_watched);

/* With the image in the store, until all is made. */
int follower_finish(struct follower *follower, struct error **err);

/* What failed, again without overlay if that was to blame (class "needs_flat"); takes it. */
int follower_replan(struct follower *follower, struct error *failure, struct error **err);
void follower_release(struct follower *follower);

#endif
