/* SPDX-License-Identifier: Apache-2.0 */
/* hard_links.h - a map from device and inode to the first name of a file */
#ifndef OCIFP_LAYER_PACK_HARD_LINKS_H
#define OCIFP_LAYER_PACK_HARD_LINKS_H

#include <stddef.h>

#include "base/cleanup.h"

struct error;
struct stat;

struct hard_links {
	void *root; /* of tsearch(3) */
	size_t count;
};

/* *ret_first: the first name of the file, borrowed; NULL: the file is new, and `name` becomes its
 * first name.  ERROR_CONTENT, class "limit". */
int hard_links_meet(struct hard_links *links, const struct stat *status, const char *name,
		    const char **ret_first, struct error **err);
void hard_links_release(struct hard_links *links);
#define AUTO_HARD_LINKS CLEANUP(hard_links_release)

#endif
