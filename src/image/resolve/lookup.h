/* SPDX-License-Identifier: Apache-2.0 */
/* lookup.h - is a target there, with every platform that is wanted?
 *
 * What `exists` answers and `ensure` acts on.  One request when the root is an index: it lists its
 * platforms.
 */
#ifndef OCIFP_IMAGE_RESOLVE_LOOKUP_H
#define OCIFP_IMAGE_RESOLVE_LOOKUP_H

#include "image/resolve/find.h"
#include "oci/platform.h"

struct lookup_options {
	const struct platforms
		*platforms; /* NULL: the target's own; none there: any image will do */
	bool offline;       /* the store alone */
	bool deep;          /* ask for each platform's manifest too, whatever the store has */
	bool known_will_do; /* find_known_image(): ask only when that does not have it */
};

struct lookup {
	struct found_image found;
	struct platforms missing; /* wanted, and not there although the image is */
	enum presence presence;   /* PRESENT: all of it; ABSENT: some is proven not to be there */
	bool is_from_store;       /* its registry was not asked */
};

/* -1: unknown, with found.root.evidence filled. */
int lookup_image(struct session *session, const struct target *target,
		 const struct lookup_options *options, struct lookup *ret_lookup,
		 struct error **err);

/* The same of what was built here and not pushed. */
int lookup_built(struct session *session, const struct target *target,
		 const struct lookup_options *options, struct lookup *ret_lookup,
		 struct error **err);

/* ERROR_ABSENT for what lookup_image() found not to be there, all of it or a platform. */
int refuse_lookup(const struct target *target, const struct lookup *lookup, struct error **err);
void lookup_release(struct lookup *lookup);
#define AUTO_LOOKUP CLEANUP(lookup_release)

#endif
