/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.h - unpacks an image's root filesystem into a directory, complete or not at all
 *
 *     PARENT/.NAME.ocifp/fs      where it is made, below mode 0700; if this run is killed, the next
 *                                one removes it
 *     PARENT/NAME                the tree
 *     PARENT/NAME.owners         the owners of the files, if they all belong to one user
 *                                (layer/tree_record.h)
 */
#ifndef OCIFP_IMAGE_UNPACK_UNPACK_H
#define OCIFP_IMAGE_UNPACK_UNPACK_H

#include <stdbool.h>

#include "image/transfer/pull.h"
#include "layer/unpack_request.h"

struct local_image;

struct unpack_options {
	const char *directory; /* must be missing or empty */
	bool devices;          /* create them; ERROR_USAGE without root */
};

/* ERROR_LOCAL, before anything else, if the directory is not empty. */
int unpack_check_directory(const struct unpack_options *options, struct error **err);

/* Unpacks an image of the store; takes it. */
int unpack_image(struct session *session, struct local_image *image,
		 const struct unpack_options *options, struct unpack_result *ret_result,
		 struct error **err);

struct unpacked_pull {
	struct pull_result pulled;
	struct digest manifest;
	struct unpack_result unpacked;
};

/* Pulls an image and unpacks it meanwhile. */
int unpack_pull(struct session *session, const struct target *target,
		const struct pull_options *pull_options, const struct unpack_options *options,
		struct unpacked_pull *ret_result, struct error **err);

void unpacked_pull_release(struct unpacked_pull *result);
#define AUTO_UNPACKED_PULL CLEANUP(unpacked_pull_release)

#endif
