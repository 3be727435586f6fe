/* SPDX-License-Identifier: Apache-2.0 */
/* pull.h - pulls an image into the store, or into a layout or archive
 *
 *     find_image --> verify_required --> image_tree_get --> fetch_blobs --> store_set_reference
 *                                                                           [--> archive_write]
 *
 * The store keeps an index unchanged, whichever part of it was fetched.  An output gets: for one
 * platform its manifest, for several a new index of these, with `all` the original bytes.
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
	const struct platforms *platforms; /* NULL: linux/<this machine> */
	bool all;
	bool offline;
	const struct location *output; /* NULL: only into the store */
	struct fetch_hook *hook;       /* uses the image while it arrives; NULL: none */
};

struct pull_result {
	char *repository;      /* where it was found: "host/name" */
	struct digest digest;  /* the root that the reference names */
	struct digest written; /* the root of the output; the same unless a part was selected */
};

int pull_image(struct session *session, const struct target *target,
	       const struct pull_options *options, struct pull_result *ret_result,
	       struct error **err);

/* The steps from image_tree_get() on, for a root that was found and verified. */
int pull_found(struct session *session, const struct target *target,
	       const struct pull_options *options, struct found_image *found,
	       struct pull_result *ret_result, struct error **err);
void pull_result_release(struct pull_result *result);
#define AUTO_PULL_RESULT CLEANUP(pull_result_release)

#endif
