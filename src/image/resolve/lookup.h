/* SPDX-License-Identifier: Apache-2.0 */
/* lookup.h - does a target exist, with all wanted platforms?
 *
 * `exists` answers this, `ensure` acts on it.  One request if the root is an index, because it
 * lists its platforms.
 */
#ifndef OCIFP_IMAGE_RESOLVE_LOOKUP_H
#define OCIFP_IMAGE_RESOLVE_LOOKUP_H

#include "image/resolve/find.h"
#include "oci/platform.h"

struct lookup_options {
	const struct platforms
		*platforms; /* NULL: the target's own; if it has none, any image is enough */
	bool offline;       /* the store alone */
	bool deep;          /* ask for each platform's manifest, even if the store has it */
	bool known_will_do; /* find_known_image(): ask only if that finds nothing */
};

struct lookup {
	struct found_image found;
	struct platforms missing; /* wanted platforms that the image lacks */
	enum presence presence;   /* PRESENT: all of it; ABSENT: a part is proven absent */
	bool is_from_store;       /* its registry was not asked */
};

/* -1: unknown, with found.root.evidence filled. */
int lookup_image(struct session *session, const struct target *target,
		 const struct lookup_options *options, struct lookup *ret_lookup,
		 struct error **err);

/* The same for a local build. */
int lookup_built(struct session *session, const struct target *target,
		 const struct lookup_options *options, struct lookup *ret_lookup,
		 struct error **err);

/* ERROR_ABSENT for the answer of lookup_image(): the image, or a platform. */
int refuse_lookup(const struct target *target, const struct lookup *lookup, struct error **err);
void lookup_release(struct lookup *lookup);
#define AUTO_LOOKUP CLEANUP(lookup_release)

#endif
