/* SPDX-License-Identifier: Apache-2.0 */
/* tag_list.h - the tags of a repository, filtered and sorted
 *
 * The order is that of the versions that they name: 1.9 before 1.10, 2.0-rc1 before 2.0.
 */
#ifndef OCIFP_OCI_TAG_LIST_H
#define OCIFP_OCI_TAG_LIST_H

#include <stdbool.h>

#include "base/strings.h"

struct tag_filter {
	struct strings include; /* fnmatch(3) patterns; empty: every tag */
	struct strings exclude;
	bool no_digest_tags; /* leave out tags of signatures and referrers: sha256-HEX[.WORD] */
};

/* Removes tags that the filter leaves out, and sorts the rest. */
void tags_choose(const struct tag_filter *filter, struct strings *tags);

#endif
