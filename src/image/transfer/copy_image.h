/* SPDX-License-Identifier: Apache-2.0 */
/* copy_image.h - an image from one place to others, as it is
 *
 *     find_required_image(source) --> per destination: has it the root? --> the tags alone
 *                                 --> image_tree_get, once --> push_whole --> the tags
 *
 * From registry to registry no byte touches a disk: blobs are mounted where both are one host, and
 * streamed elsewhere.  What is copied keeps its bytes and so its digest; with `platforms` it is the
 * one manifest, or a new index of several.
 */
#ifndef OCIFP_IMAGE_TRANSFER_COPY_IMAGE_H
#define OCIFP_IMAGE_TRANSFER_COPY_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "oci/digest.h"

struct error;
struct location;
struct platforms;
struct session;
struct target;

struct copy_options {
	const struct location *destinations;
	size_t destination_count;
	const struct platforms *platforms; /* NULL: all that there is */
	bool referrers;                    /* what refers to any of its manifests comes along */
	bool no_clobber;                   /* a tag that names something else stays */
};

struct copy_result {
	char *repository;     /* "host/name" */
	char *tag;            /* NULL: by digest alone */
	struct digest digest; /* what is there now */
	bool was_there;       /* nothing had to be sent */
};

/* `ret_results`: one for each destination, zeroed; those before a failure are filled. */
int copy_image(struct session *session, const struct target *source,
	       const struct copy_options *options, struct copy_result *ret_results,
	       struct error **err);
void copy_result_release(struct copy_result *result);

#endif
