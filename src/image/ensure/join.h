/* SPDX-License-Identifier: Apache-2.0 */
/* join.h - joins the platforms that native runners have pushed under one tag
 *
 *     read each platform's tag --> PUT the index under the tag --> read them again
 *            ^                                                      |
 *            `------- until the index lists what the tags name -----'
 *
 * Every runner may join, even at the same time: the last writer reads all platforms' tags after its
 * write, so the index lists everything that was pushed before.  Jobs exchange no files.  Platforms
 * that the tag lists already and that have no tag of their own stay in the index; where the project
 * requires signatures, only if that index is signed.
 */
#ifndef OCIFP_IMAGE_ENSURE_JOIN_H
#define OCIFP_IMAGE_ENSURE_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "oci/digest.h"
#include "oci/platform.h"

struct error;
struct image_index;
struct session;
struct target;

struct join_options {
	const struct platforms *platforms; /* NULL: the target's */
	const json_t *annotations;         /* of the index; NULL: none */
	int64_t wait_ms;                   /* how long to wait for missing platforms */
	bool partial;                      /* then publish those that exist */
};

struct join_result {
	char *repository; /* "host/name" */
	struct digest digest;
	struct platforms platforms; /* wanted, and listed now */
	struct platforms missing;   /* only with `partial` */
	bool was_there;             /* nothing had to be written */
};

/* ERROR_PLATFORM if one is missing (with `partial`: all); nothing is written then. */
int join_image(struct session *session, const struct target *target,
	       const struct join_options *options, struct join_result *ret_result,
	       struct error **err);

/* Whether the tag's `current` index already lists these entries.  Annotations for source and
 * revision are not compared: two runners that differ only there would overwrite each other forever.
 */
bool join_is_done(const struct image_index *current, const struct image_index *joined,
		  bool by_hash);
void join_result_release(struct join_result *result);
#define AUTO_JOIN_RESULT CLEANUP(join_result_release)

#endif
