/* SPDX-License-Identifier: Apache-2.0 */
/* join.h - the platforms that native runners have pushed, under one tag
 *
 *     read each platform's tag --> PUT the index under the tag --> read them again
 *            ^                                                      |
 *            `------- until what is listed is what is there --------'
 *
 * Every runner may join, at the same time too: whoever writes last has read all the platforms' tags
 * after that, so the index lists what was pushed before.  No file goes from one job to another.
 * Platforms that the tag lists already and that have no tag of their own stay in it; where the
 * project requires signatures, only from an index that is signed.
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
	int64_t wait_ms;                   /* for platforms that are not there yet */
	bool partial;                      /* then publish those that are */
};

struct join_result {
	char *repository; /* "host/name" */
	struct digest digest;
	struct platforms platforms; /* wanted, and listed now */
	struct platforms missing;   /* only with `partial` */
	bool was_there;             /* nothing had to be written */
};

/* ERROR_PLATFORM, and nothing is written, when one is missing (with `partial`: all). */
int join_image(struct session *session, const struct target *target,
	       const struct join_options *options, struct join_result *ret_result,
	       struct error **err);

/* Whether a tag, which lists `current`, lists what is to be joined.  Who wrote it from which commit
 * does not count: two runners that differ in that alone would overwrite each other forever. */
bool join_is_done(const struct image_index *current, const struct image_index *joined,
		  bool by_hash);
void join_result_release(struct join_result *result);
#define AUTO_JOIN_RESULT CLEANUP(join_result_release)

#endif
