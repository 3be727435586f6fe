/* SPDX-License-Identifier: Apache-2.0 */
/* remove_tag.h - a tag, or a manifest with all its tags, out of a repository
 *
 * What goes along is found out first: of a manifest every other tag that names it, and how many
 * referrers lose their subject.  What an index lists stays.
 */
#ifndef OCIFP_IMAGE_TRANSFER_REMOVE_TAG_H
#define OCIFP_IMAGE_TRANSFER_REMOVE_TAG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strings.h"

struct error;
struct location;
struct session;

struct removal {
	struct strings tags;   /* that the manifest has; the one tag itself */
	size_t referrer_count; /* of the manifest */
};

/* By the location's digest, else by its tag: ERROR_USAGE without either, ERROR_ABSENT when it is
 * not there.  `dry_run`: only found out. */
int remove_image(struct session *session, const struct location *location, bool dry_run,
		 struct removal *ret_removal, struct error **err);
void removal_release(struct removal *removal);
#define AUTO_REMOVAL CLEANUP(removal_release)

#endif
