/* SPDX-License-Identifier: Apache-2.0 */
/* push.h - pushes a local image to a registry or layout
 *
 *     image_tree_get(source) --> push_tree(destination)
 */
#ifndef OCIFP_IMAGE_TRANSFER_PUSH_H
#define OCIFP_IMAGE_TRANSFER_PUSH_H

#include <stdbool.h>

#include "base/strings.h"
#include "oci/location.h"

struct error;
struct session;
struct target;

struct push_options {
	const struct platforms *platforms; /* NULL: by hash the declared ones, else all */
	const struct strings *tags;        /* if not empty, replace the destination's own tag */
	bool no_clobber;                   /* do not move a tag that names another image */
};

struct push_result {
	char *repository;     /* "host/name" */
	struct digest digest; /* the digest that the tags name now */
	bool was_there;       /* only tags had to be put */
};

/* By hash: under an index of ours with the fingerprint (image/transfer/publish.h); else unchanged.
 */
int push_image(struct session *session, const struct location *source, const struct target *target,
	       const struct push_options *options, struct push_result *ret_result,
	       struct error **err);

/* The repository on that host that may have the blobs; NULL: none. */
const char *push_find_mount(const struct location *source, const struct location *place);
void push_result_release(struct push_result *result);
#define AUTO_PUSH_RESULT CLEANUP(push_result_release)

#endif
