/* SPDX-License-Identifier: Apache-2.0 */
/* push.h - an image that is held locally into a registry or layout
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
	const struct platforms *platforms; /* NULL: by hash those that are declared, else all */
	const struct strings *tags;        /* instead of the destination's own, when not empty */
	bool no_clobber;                   /* a tag that names something else stays */
};

struct push_result {
	char *repository;     /* "host/name" */
	struct digest digest; /* what the tags name now */
	bool was_there;       /* nothing had to be sent */
};

/* By hash: under an index of our own with the fingerprint (image/transfer/publish.h); else as it
 * is. */
int push_image(struct session *session, const struct location *source, const struct target *target,
	       const struct push_options *options, struct push_result *ret_result,
	       struct error **err);

/* The repository of that host that may have what is pushed; NULL: none. */
const char *push_find_mount(const struct location *source, const struct location *place);
void push_result_release(struct push_result *result);
#define AUTO_PUSH_RESULT CLEANUP(push_result_release)

#endif
