/* SPDX-License-Identifier: Apache-2.0 */
/* join_private.h - an image being joined: what join.c and join_read.c share */
#ifndef OCIFP_IMAGE_ENSURE_JOIN_PRIVATE_H
#define OCIFP_IMAGE_ENSURE_JOIN_PRIVATE_H

#include "image/ensure/join.h"
#include "oci/index.h"

struct join {
	struct session *session;
	const struct target *target;
	const struct join_options *options;
	const struct platforms *wanted;
	struct image_index current; /* what the tag lists; without a media type: nothing */
	struct digest current_digest;
	struct image_index joined; /* what it is to list */
	struct platforms missing;
	struct descriptors vouched; /* whose tag, or an index that has them, was verified */
};

/* Reads what is there, the platforms' tags last: what another runner pushes after this, it will see
 * itself.  Fills in all from `current` on. */
int join_collect(struct join *join, struct error **err);

/* Whether the tag lists what it is to list.  Not who wrote it from which commit: two runners that
 * differ in that alone would go on for ever. */
bool join_is_done(const struct join *join);

void join_release(struct join *join);

#endif
