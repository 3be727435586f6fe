/* SPDX-License-Identifier: Apache-2.0 */
/* built.h - an image that was built here and not pushed, by its name in the store
 *
 *     built:HOST/NAME:FINGERPRINT      of a registry; 64 hex digits
 *     built:oci/DIGEST:FINGERPRINT     of a layout; the SHA-256 of "oci:/PATH"
 *
 * It never answers for the registry.  When the registry has proved absence, and with --offline,
 * `run`, `unpack`, `pull -o`, `push` and `ensure` use it.  A push, or a pull of the same
 * fingerprint from its registry, drops the name; so does gc when nothing has used it for
 * BUILT_KEPT_DAYS.  See store/uses.h.
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

/* Of a target by hash; the caller owns it. */
char *built_name(const struct target *target);

/* As a place that can be read like any layout: the store, and the name in it. */
void built_locate(const struct store *store, const char *name, struct location *ret_location);

/* The name of what was built for `host/name:tag`, the tag being the start of a fingerprint; NULL:
 * nothing was. */
int built_find_name(const struct store *store, const struct location *place, char **ret_name,
		    struct error **err);

/* Absent when nothing was built, and for a target that is locked or not by hash.  `offline`: only
 * the store serves what is found; else the image's own place serves what the store lacks. */
int built_find(struct session *session, const struct target *target, bool offline,
	       struct found_image *ret_found, struct error **err);

/* Whether `root`, which the registry has for the same fingerprint, has all platforms of what was
 * built; false when nothing was. */
int built_is_superseded(struct session *session, const struct target *target,
			const struct resolution *root, bool *ret_superseded, struct error **err);
int built_drop(struct session *session, const struct target *target, struct error **err);

/* Drops the names of builds that nothing used for BUILT_KEPT_DAYS, and with `older_s` all names
 * that nothing used for so long; `dry_run` only counts.  A name of which no use is known is kept.
 */
struct expired_references {
	unsigned builds;
	unsigned others;
};

int references_expire(struct store *store, int64_t older_s, bool dry_run,
		      struct expired_references *ret_expired, struct error **err);

/* What was pushed to that candidate gets its own name in the store, HOST/NAME:TAG, and loses this
 * one. */
int built_publish(struct session *session, const struct target *target, size_t place,
		  const struct descriptor *pushed, struct error **err);

#endif
