/* SPDX-License-Identifier: Apache-2.0 */
/* confirm_tag.h - checks what a tag names after a push, as others see it
 *
 *     PUT --> GET --> what was put: good
 *              |  --> by hash, another writer's image of that fingerprint: as good, with a notice
 *              |  --> nothing, or another image: asked again, for ten seconds
 *              `--> then ERROR_UNAVAILABLE, or ERROR_REFUSED, class "tag_conflict"
 */
#ifndef OCIFP_IMAGE_TRANSFER_CONFIRM_TAG_H
#define OCIFP_IMAGE_TRANSFER_CONFIRM_TAG_H

#include "image/resolve/lookup.h"

struct put_result;
struct location;
struct strings;

/* The answer of the target's own place, after at most those ten seconds; `put` NULL: any image is
 * accepted.  Replaces *lookup. */
int confirm_tag_wait(struct session *session, const struct target *target,
		     const struct lookup_options *options, const struct digest *put,
		     struct lookup *lookup, struct error **err);

/* The same, but returns only whether it is good. */
int confirm_tag(struct session *session, const struct target *target,
		const struct lookup_options *options, const struct digest *put,
		struct lookup *lookup, struct error **err);

/* Confirms tags that were put at a place.  Asks only if they are `claimed` from other writers, or
 * if the place's answer did not name the digest; then *put_result gets it. */
int confirm_tags(struct session *session, const struct location *place, const struct strings *tags,
		 bool claimed, struct put_result *put_result, struct error **err);

#endif
