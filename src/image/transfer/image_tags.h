/* SPDX-License-Identifier: Apache-2.0 */
/* image_tags.h - further tags for an image that is there, and tags or a manifest out of a
 * repository */
#ifndef OCIFP_IMAGE_TRANSFER_IMAGE_TAGS_H
#define OCIFP_IMAGE_TRANSFER_IMAGE_TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"
#include "image/transfer/push.h"

struct error;
struct location;
struct session;

/* The bytes as they are, a request each.  `no_clobber`: a tag that names something else is
 * ERROR_REFUSED. */
int retag_image(struct session *session, const struct target *target, const struct strings *tags,
		bool no_clobber, struct push_result *ret_result, struct error **err);

struct removal {
	struct strings tags;   /* that the manifest has; the one tag itself */
	size_t referrer_count; /* of the manifest */
};

/* By the location's digest, else by its tag: ERROR_USAGE without either, ERROR_ABSENT when it is
 * not there.  What goes along is found out first: of a manifest every other tag that names it, and
 * how many referrers lose their subject.  What an index lists stays.  `dry_run`: only found out. */
int remove_image(struct session *session, const struct location *location, bool dry_run,
		 struct removal *ret_removal, struct error **err);
void removal_release(struct removal *removal);
#define AUTO_REMOVAL CLEANUP(removal_release)

#endif
