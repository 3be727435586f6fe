/* SPDX-License-Identifier: Apache-2.0 */
/* live.h - the images that git's branches and tags still refer to
 *
 * For every commit of a ref, the fingerprints of all images of its project file, and the locked
 * digests in its .ocifp.lock.
 */
#ifndef OCIFP_PROJECT_LIVE_H
#define OCIFP_PROJECT_LIVE_H

#include <stdbool.h>

#include "base/strings.h"

struct error;
struct project;

struct live_options {
	const struct strings *patterns; /* of refs; empty: branches and tags */
	bool ask_origin;                /* also those that origin has now */
};

struct live {
	struct strings names; /* tags, and digests of locked images; each once */
	struct strings refs;  /* the ref of each, in the same order */
};

/* A ref whose fingerprints cannot be computed is an error, because its images would seem unused. */
int live_find(const struct project *project, const struct live_options *options,
	      struct live *ret_live, struct error **err);
void live_release(struct live *live);
#define AUTO_LIVE CLEANUP(live_release)

#endif
