/* SPDX-License-Identifier: Apache-2.0 */
/* rebase.h - an image's upper layers on another base
 *
 *     old base | upper layers      the image; its lowest diff_ids are those of the old base
 *     new base | upper layers      the result; nothing is read but documents
 */
#ifndef OCIFP_IMAGE_MAKE_REBASE_H
#define OCIFP_IMAGE_MAKE_REBASE_H

#include "image/make/base_image.h"
#include "oci/descriptor.h"

struct rebase {
	const struct location *place; /* of the image; borrowed */
	struct base_image old_base;
	struct base_image new_base;
	struct descriptors brought; /* layers that images got from the new base */
};

/* NULL: what `root`, or `image` below it, says about its base.  ERROR_USAGE: it says nothing;
 * ERROR_REFUSED: it names a place that its author has no business with (target_may_name).
 * Release it either way. */
int rebase_open(struct rebase *rebase, struct session *session, const char *old_base,
		const char *new_base, const struct image_node *root, const struct image_node *image,
		const struct destination *destination, struct error **err);

/* Both bases in the image's platform.  ERROR_REFUSED: the image is not based on the old one. */
int rebase_draft(struct rebase *rebase, struct draft *draft, struct error **err);
void rebase_release(struct rebase *rebase);

#endif
