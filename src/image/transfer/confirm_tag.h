/* SPDX-License-Identifier: Apache-2.0 */
/* confirm_tag.h - what a tag names once it was put, as everybody sees it
 *
 *     PUT --> GET --> what was put: good
 *              |  --> by hash, another writer's image of that fingerprint: as good, and told
 *              |  --> nothing, or something else: asked again, for ten seconds
 *              `--> then ERROR_UNAVAILABLE, or ERROR_REFUSED, class "tag_conflict"
 */
#ifndef OCIFP_IMAGE_TRANSFER_CONFIRM_TAG_H
#define OCIFP_IMAGE_TRANSFER_CONFIRM_TAG_H

#include "image/resolve/lookup.h"

struct put_result;
struct location;
struct strings;

/* What the target's own place shows, at the latest after those ten seconds; `put` NULL: anything
 * will do.  Replaces *lookup. */
int confirm_tag_wait(struct session *session, const struct target *target,
		     const struct lookup_options *options, const struct digest *put,
		     struct lookup *lookup, struct error **err);

/* The same, as a verdict. */
int confirm_tag(struct session *session, const struct target *target,
		const struct lookup_options *options, const struct digest *put,
		struct lookup *lookup, struct error **err);

/* Tags that were put at a place: asked for when they are `claimed` from others, or when the place
 * did not say what they name; then *put_result has it. */
int confirm_tags(struct session *session, const struct location *place, const struct strings *tags,
		 bool claimed, struct put_result *put_result, struct error **err);

#endif
