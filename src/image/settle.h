/* settle.h - what a tag names once it was put, as everybody sees it
 *
 *     PUT --> GET --> what was put: good
 *              |  --> by hash, another writer's image of that fingerprint: as good, and told
 *              |  --> nothing, or something else: asked again, for ten seconds
 *              `--> then ERROR_UNAVAILABLE, or ERROR_REFUSED, class "tag_conflict"
 */
#ifndef OCIFP_IMAGE_SETTLE_H
#define OCIFP_IMAGE_SETTLE_H

#include "image/lookup.h"

struct filing;
struct location;
struct strings;

/* What the target's own place shows, at the latest after those ten seconds; `put` NULL: anything
 * will do.  Replaces *lookup. */
int settle_wait(struct session *session, const struct target *target,
		const struct lookup_options *options, const struct digest *put,
		struct lookup *lookup, struct error **err);

/* The same, as a verdict. */
int settle_target(struct session *session, const struct target *target,
		  const struct lookup_options *options, const struct digest *put,
		  struct lookup *lookup, struct error **err);

/* Tags that were put at a place: asked for when they are `claimed` from others, or when the place
 * did not say what they name; then *filing has it. */
int settle_tags(struct session *session, const struct location *place, const struct strings *tags,
		bool claimed, struct filing *filing, struct error **err);

#endif
