/* SPDX-License-Identifier: Apache-2.0 */
/* find.h - finds the place that has a target's image
 *
 * The places are asked in order, and the first one that has it is used.  Absence has to be proven
 * by all of them.  If one cannot be asked, the answer is unknown, unless a later one has the image.
 */
#ifndef OCIFP_IMAGE_RESOLVE_FIND_H
#define OCIFP_IMAGE_RESOLVE_FIND_H

#include "repository/repository.h"

struct error;
struct session;
struct target;

struct found_image {
	bool is_built;                 /* a local build (image/resolve/built.h); place is 0 then */
	size_t place;                  /* index of the place that has it; when present */
	struct repository *repository; /* of that place, or of the last one asked */
	struct resolution root;        /* the evidence is of the last one asked */
};

/* 0: present or absent, see root.evidence; -1: unknown, evidence filled.  For a present image the
 * fingerprint annotation (ERROR_REFUSED on a mismatch) and the lock file have been checked. */
int find_image(struct session *session, const struct target *target, struct found_image *ret_found,
	       struct error **err);

/* The same from the store only, for --offline and for known digests.  Absent means that the store
 * lacks it, which proves nothing. */
int find_image_in_store(struct session *session, const struct target *target,
			struct found_image *ret_found, struct error **err);

/* An image with a known digest, by its reference or by the lock file, together with the repository
 * of its place for blobs that the store lacks; absent if that has to be asked. */
int find_known_image(struct session *session, const struct target *target,
		     struct found_image *ret_found, struct error **err);

/* find_image(), but absence is an error: ERROR_ABSENT, or ERROR_LOCAL for a missing layout. */
int find_required_image(struct session *session, const struct target *target,
			struct found_image *ret_found, struct error **err);

/* The same for a place that will be written to: mirrors are not asked for its tag. */
int find_image_to_write(struct session *session, const struct target *target,
			struct found_image *ret_found, struct error **err);

/* find_required_image(), but uses a local build, with a notice, if the registry has proved absence.
 */
int find_image_or_built(struct session *session, const struct target *target,
			struct found_image *ret_found, struct error **err);

/* The fingerprint in the image's own annotation; NULL: none.  The caller owns it. */
int found_image_fingerprint(const struct resolution *root, char **ret_fingerprint,
			    struct error **err);

/* Continues with the image's place for an image that was found in the store: only content that the
 * store lacks is requested. */
int found_image_reopen(struct session *session, const struct target *target,
		       struct found_image *found, struct error **err);

/* ERROR_ABSENT for the answer of find_image(). */
int refuse_absent(const struct target *target, struct error **err);

/* ERROR_UNAVAILABLE, class "offline": the store lacks it, but its registry may have it. */
int refuse_offline(const struct target *target, struct error **err);

/* ERROR_REFUSED: a locked image is missing.  It is not rebuilt silently, because that would make
 * another image. */
int refuse_locked(const struct target *target, struct error **err);
void found_image_release(struct found_image *found);
#define AUTO_FOUND_IMAGE CLEANUP(found_image_release)

#endif
