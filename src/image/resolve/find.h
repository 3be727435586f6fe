/* SPDX-License-Identifier: Apache-2.0 */
/* find.h - which of a target's places has the image
 *
 * The places are asked in order.  The first that has it wins; absence needs proof from all of
 * them; one that cannot be asked makes the answer unknown unless a later one has the image.
 */
#ifndef OCIFP_IMAGE_RESOLVE_FIND_H
#define OCIFP_IMAGE_RESOLVE_FIND_H

#include "repository/repository.h"

struct error;
struct session;
struct target;

struct found_image {
	bool is_built; /* here, and not pushed: image/resolve/built.h; place is 0 then */
	size_t place;  /* which one has it; when present */
	struct repository *repository; /* of that place, or of the last one asked */
	struct resolution root;        /* its evidence is that of the last one asked */
};

/* 0: present or absent, as root.evidence says; -1: unknown, evidence filled.  When present, the
 * fingerprint annotation (ERROR_REFUSED on another one) and the lock file have been checked. */
int find_image(struct session *session, const struct target *target, struct found_image *ret_found,
	       struct error **err);

/* The same from the store alone, for --offline and for content that is known by digest; absent
 * when the store does not have it, which proves nothing. */
int find_image_in_store(struct session *session, const struct target *target,
			struct found_image *ret_found, struct error **err);

/* What is known by digest, by the reference or by the lock file, with the repository of its place
 * for what the store lacks; absent when it has to be asked for. */
int find_known_image(struct session *session, const struct target *target,
		     struct found_image *ret_found, struct error **err);

/* find_image(), and an error when it is not there: ERROR_ABSENT, or ERROR_LOCAL for a layout that
 * does not exist at all. */
int find_required_image(struct session *session, const struct target *target,
			struct found_image *ret_found, struct error **err);

/* The same for a place that is written to afterwards: no mirror answers for its tag. */
int find_image_to_write(struct session *session, const struct target *target,
			struct found_image *ret_found, struct error **err);

/* find_required_image(), and what was built here and not pushed when the registry has proved that
 * it lacks it; that is told. */
int find_image_or_built(struct session *session, const struct target *target,
			struct found_image *ret_found, struct error **err);

/* What the image itself says its fingerprint is, by an annotation; NULL: nothing.  The caller owns
 * it. */
int found_image_fingerprint(const struct resolution *root, char **ret_fingerprint,
			    struct error **err);

/* From now on the image's place serves what is found, which the store alone did until now: content
 * that the store has is not asked for. */
int found_image_reopen(struct session *session, const struct target *target,
		       struct found_image *found, struct error **err);

/* ERROR_ABSENT for what find_image() found to be so. */
int refuse_absent(const struct target *target, struct error **err);

/* ERROR_UNAVAILABLE, class "offline": what the store lacks may be at its registry all the same. */
int refuse_offline(const struct target *target, struct error **err);

/* ERROR_REFUSED: what a team agreed on is never made anew in silence, it would be another image. */
int refuse_locked(const struct target *target, struct error **err);
void found_image_release(struct found_image *found);
#define AUTO_FOUND_IMAGE CLEANUP(found_image_release)

#endif
