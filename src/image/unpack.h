/* unpack.h - an image's root filesystem in a directory, whole or not at all
 *
 *     PARENT/.NAME.ocifp/fs      where it is made, 0700 above; taken away by the next run, should
 *                                this one be killed
 *     PARENT/NAME                the tree
 *     PARENT/NAME.owners         whose files they should be, where all are one user's
 *                                (layer/tree_record.h)
 */
#ifndef OCIFP_IMAGE_UNPACK_H
#define OCIFP_IMAGE_UNPACK_H

#include <stdbool.h>

#include "layer/unpack_request.h"

struct error;
struct local_image;
struct session;

struct unpack_options {
	const char *directory; /* not there yet, or empty */
	bool devices;          /* make them; ERROR_USAGE without root */
};

/* ERROR_LOCAL, before anything is done, for a directory that holds something. */
int unpack_check_directory(const struct unpack_options *options, struct error **err);

int unpack_image(struct session *session, const struct local_image *image,
		 const struct unpack_options *options, struct unpack_result *ret_result,
		 struct error **err);

#endif
