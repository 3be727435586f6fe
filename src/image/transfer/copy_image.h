/* SPDX-License-Identifier: Apache-2.0 */
/* copy_image.h - copies an image from one place to others, unchanged
 *
 *     find_required_image(source) --> per destination: has it the root? --> the tags only
 *                                 --> image_tree_get, once --> push_whole --> the tags
 *
 * Between registries no byte is written to disk: blobs are mounted if both are on one host, else
 * streamed.  Content keeps its bytes and so its digest; with `platforms` the copy is the one
 * manifest, or a new index of several.
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
	const struct platforms *platforms; /* NULL: all */
	bool referrers;                    /* also copy the referrers of all its manifests */
	bool no_clobber;                   /* do not move a tag that names another image */
	bool is_part; /* an index that names it follows: a layout does not list it */
};

struct copy_result {
	char *repository;     /* "host/name" */
	char *tag;            /* NULL: by digest only */
	struct digest digest; /* of the copy */
	bool was_there;       /* only tags had to be put */
};

/* `ret_results`: one for each destination, zeroed; those before a failure are filled. */
int copy_image(struct session *session, const struct target *source,
	       const struct copy_options *options, struct copy_result *ret_results,
	       struct error **err);
void copy_result_release(struct copy_result *result);

#endif
