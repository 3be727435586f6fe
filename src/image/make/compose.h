/* SPDX-License-Identifier: Apache-2.0 */
/* compose.h - an index composed of existing images, or changed
 *
 * Manifests are listed byte for byte.  A new entry replaces the one for its platform.  Of two
 * changes at the same time the later one wins; see join.h for runners that push in parallel.
 */
#ifndef OCIFP_IMAGE_MAKE_COMPOSE_H
#define OCIFP_IMAGE_MAKE_COMPOSE_H

#include <stdbool.h>

#include <jansson.h>

#include "base/strings.h"
#include "oci/digest.h"

struct error;
struct location;
struct session;

struct compose_options {
	bool from_scratch;          /* false: starts from the tag's image, which must exist */
	const char *const *sources; /* `source_count` references, whose images are added */
	size_t source_count;
	const char *const *drops; /* `drop_count` platforms and digests to remove */
	size_t drop_count;
	const json_t *annotations;       /* of the index, added to its own; NULL: none */
	const json_t *entry_annotations; /* the same for each entry that `sources` add */
};

struct compose_result {
	char *repository; /* "host/name" */
	struct digest digest;
	bool was_there; /* only tags had to be written */
};

/* ERROR_PLATFORM: an entry to remove is not listed. */
int compose_index(struct session *session, const struct location *location,
		  const struct compose_options *options, struct compose_result *ret_result,
		  struct error **err);
void compose_result_release(struct compose_result *result);
#define AUTO_COMPOSE_RESULT CLEANUP(compose_result_release)

#endif
