/* SPDX-License-Identifier: Apache-2.0 */
/* built.h - images that were built here and not pushed, by their names in the store
 *
 *     built:HOST/NAME:FINGERPRINT      of a registry; 64 hex digits
 *     built:oci/DIGEST:FINGERPRINT     of a layout; the SHA-256 of "oci:/PATH"
 *
 * A local build never stands for the registry's answer.  `run`, `unpack`, `pull -o`, `push` and
 * `ensure` use it when the registry has proved absence, and with --offline.  A push, or a pull of
 * the same fingerprint from its registry, removes the name; so does gc after BUILT_KEPT_DAYS
 * without a use.  See store/uses.h.
 */
#ifndef OCIFP_IMAGE_RESOLVE_BUILT_H
#define OCIFP_IMAGE_RESOLVE_BUILT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/location.h"

struct descriptor;
struct found_image;
struct resolution;
struct session;
struct store;
struct target;

/* For a target by hash; the caller owns it. */
char *built_name(const struct target *target);

/* The location of a local build: a layout (the store) and a name in it. */
void built_locate(const struct store *store, const char *name, struct location *ret_location);

/* The name of the local build for `host/name:tag`, where the tag is the start of a fingerprint;
 * NULL: none. */
int built_find_name(const struct store *store, const struct location *place, char **ret_name,
		    struct error **err);

/* Absent if nothing was built, and for a target that is locked or not by hash.  `offline`: use the
 * store only; else blobs that it lacks come from the image's own place. */
int built_find(struct session *session, const struct target *target, bool offline,
	       struct found_image *ret_found, struct error **err);

/* Whether `root`, the registry's image for the same fingerprint, has all platforms of the local
 * build; false if there is none. */
int built_is_superseded(struct session *session, const struct target *target,
			const struct resolution *root, bool *ret_superseded, struct error **err);
int built_drop(struct session *session, const struct target *target, struct error **err);

/* Removes the names of local builds that were not used for BUILT_KEPT_DAYS, and with `older_s` all
 * names that were not used for that long; `dry_run` only counts.  A name without a noted use is
 * kept.
 */
struct expired_references {
	unsigned builds;
	unsigned others;
};

int references_expire(struct store *store, int64_t older_s, bool dry_run,
		      struct expired_references *ret_expired, struct error **err);

/* After a push to that candidate: names the image HOST/NAME:TAG in the store, and removes this
 * name. */
int built_publish(struct session *session, const struct target *target, size_t place,
		  const struct descriptor *pushed, struct error **err);

#endif
