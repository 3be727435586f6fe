/* SPDX-License-Identifier: Apache-2.0 */
/* pull.h - an image into the store, or into a layout or archive
 *
 *     find_image --> verify_required --> image_tree_get --> fetch_blobs --> store_set_reference
 *                                                                           [--> archive_write]
 *
 * The store keeps an index as it came, whatever part of it was fetched.  An output gets: with one
 * platform its manifest, with several a new index of these, with `all` the original bytes.
 */
#ifndef OCIFP_IMAGE_TRANSFER_PULL_H
#define OCIFP_IMAGE_TRANSFER_PULL_H

#include <stdbool.h>

#include "oci/digest.h"
#include "oci/location.h"

struct error;
struct fetch_hook;
struct found_image;
struct platforms;
struct session;
struct target;

struct pull_options {
	const struct platforms *platforms; /* NULL: linux/<what we run on> */
	bool all;
	bool offline;
	const struct location *output; /* NULL: the store alone */
	struct fetch_hook *hook; /* who uses it while it comes, from the store; NULL: nobody */
};

struct pull_result {
	char *repository;      /* where it was found: "host/name" */
	struct digest digest;  /* what the reference resolved to */
	struct digest written; /* what the output names; the same unless it is a part */
};

int pull_image(struct session *session, const struct target *target,
	       const struct pull_options *options, struct pull_result *ret_result,
	       struct error **err);

/* The part from the tree on, for a root that has been found and verified. */
int pull_found(struct session *session, const struct target *target,
	       const struct pull_options *options, struct found_image *found,
	       struct pull_result *ret_result, struct error **err);
void pull_result_release(struct pull_result *result);
#define AUTO_PULL_RESULT CLEANUP(pull_result_release)

#endif
