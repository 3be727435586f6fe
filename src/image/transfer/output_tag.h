/* SPDX-License-Identifier: Apache-2.0 */
/* output_tag.h - the name that an image gets in a layout or archive */
#ifndef OCIFP_IMAGE_TRANSFER_OUTPUT_TAG_H
#define OCIFP_IMAGE_TRANSFER_OUTPUT_TAG_H

struct location;

/* The one that the output names, else that of the place where the image was found (NULL: nowhere);
 * a whole reference for `docker load`.  The caller's; NULL: none. */
char *output_tag(const struct location *output, const struct location *place);

#endif
