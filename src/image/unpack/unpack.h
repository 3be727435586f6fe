/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.h - an image's root filesystem in a directory, whole or not at all
 *
 *     PARENT/.NAME.ocifp/fs      where it is made, 0700 above; taken away by the next run, should
 *                                this one be killed
 *     PARENT/NAME                the tree
 *     PARENT/NAME.owners         whose files they should be, where all are one user's
 *                                (layer/tree_record.h)
 */
#ifndef OCIFP_IMAGE_UNPACK_UNPACK_H
#define OCIFP_IMAGE_UNPACK_UNPACK_H

#include <stdbool.h>

#include "image/transfer/pull.h"
#include "layer/unpack_request.h"

struct local_image;

struct unpack_options {
	const char *directory; /* not there yet, or empty */
	bool devices;          /* make them; ERROR_USAGE without root */
};

/* ERROR_LOCAL, before anything is done, for a directory that holds something. */
int unpack_check_directory(const struct unpack_options *options, struct error **err);

/* An image of the store, which is taken. */
int unpack_image(struct session *session, struct local_image *image,
		 const struct unpack_options *options, struct unpack_result *ret_result,
		 struct error **err);

struct unpacked_pull {
	struct pull_result pulled;
	struct digest manifest;
	struct unpack_result unpacked;
};

/* One that is pulled, unpacked meanwhile. */
int unpack_pull(struct session *session, const struct target *target,
		const struct pull_options *pull_options, const struct unpack_options *options,
		struct unpacked_pull *ret_result, struct error **err);

void unpacked_pull_release(struct unpacked_pull *result);
#define AUTO_UNPACKED_PULL CLEANUP(unpacked_pull_release)

#endif
