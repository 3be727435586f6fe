/* SPDX-License-Identifier: Apache-2.0 */
/* image_tags.h - adds tags to an image, and removes tags or a manifest from a repository */
#ifndef OCIFP_IMAGE_TRANSFER_IMAGE_TAGS_H
#define OCIFP_IMAGE_TRANSFER_IMAGE_TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"
#include "image/transfer/push.h"

struct error;
struct location;
struct session;

/* Puts the same bytes under each tag, one request each.  ERROR_REFUSED with `no_clobber`: a tag
 * names another image. */
int retag_image(struct session *session, const struct target *target, const struct strings *tags,
		bool no_clobber, struct push_result *ret_result, struct error **err);

struct removal {
	struct strings tags;   /* all tags of the manifest, or the one tag */
	size_t referrer_count; /* number of the manifest's referrers */
};

/* Removes by the location's digest, else by its tag: ERROR_USAGE without either, ERROR_ABSENT if it
 * does not exist.  First finds out what else is lost: with a manifest its other tags, and the
 * number of referrers that lose their subject.  Children of an index are kept.  `dry_run`: finds
 * out only. */
int remove_image(struct session *session, const struct location *location, bool dry_run,
		 struct removal *ret_removal, struct error **err);
void removal_release(struct removal *removal);
#define AUTO_REMOVAL CLEANUP(removal_release)

#endif
