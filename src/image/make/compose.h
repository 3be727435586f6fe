/* SPDX-License-Identifier: Apache-2.0 */
/* compose.h - an index made of images that are there, or changed
 *
 * Manifests are listed byte for byte as they are.  An entry for a platform that is listed already
 * takes its place.  Of two changes at the same time the later one stays: join.h is for that.
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
	bool from_scratch;          /* else from what the tag names, which must be there */
	const char *const *sources; /* `source_count` references, whose images are put in */
	size_t source_count;
	const char *const *drops; /* `drop_count` platforms and digests, taken out */
	size_t drop_count;
	const json_t *annotations;       /* of the index, over those it has; NULL: none */
	const json_t *entry_annotations; /* the same of each image that `sources` put in */
};

struct compose_result {
	char *repository; /* "host/name" */
	struct digest digest;
	bool was_there; /* nothing had to be written but tags */
};

/* ERROR_PLATFORM: what is to be taken out is not listed. */
int compose_index(struct session *session, const struct location *location,
		  const struct compose_options *options, struct compose_result *ret_result,
		  struct error **err);
void compose_result_release(struct compose_result *result);
#define AUTO_COMPOSE_RESULT CLEANUP(compose_result_release)

#endif
