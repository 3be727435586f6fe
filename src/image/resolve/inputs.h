/* SPDX-License-Identifier: Apache-2.0 */
/* inputs.h - the list of inputs that was published with an image
 *
 * See publish.h.  For `why`: what differs between a working tree and that image.
 */
#ifndef OCIFP_IMAGE_RESOLVE_INPUTS_H
#define OCIFP_IMAGE_RESOLVE_INPUTS_H

struct buf;
struct content;
struct error;
struct resolution;

/* ERROR_CONTENT, class "no_inputs", when the image was published without one. */
int inputs_get(const struct content *content, const struct resolution *root, struct buf *record,
	       struct error **err);

#endif
