/* SPDX-License-Identifier: Apache-2.0 */
/* import.h - an image that was built or is lying about, taken into the store under its fingerprint
 *
 *     source (layout or archive) --> store --> an index of our own, by the name of
 * image/resolve/built.h
 */
#ifndef OCIFP_IMAGE_TRANSFER_IMPORT_H
#define OCIFP_IMAGE_TRANSFER_IMPORT_H

struct descriptors;
struct error;
struct image_node;
struct location;
struct platforms;
struct session;
struct target;

struct import_options {
	const struct location *source;
	const struct platforms *platforms; /* NULL: all that it has */
	const struct descriptors *kept;    /* see publish.h */
};

/* ERROR_PLATFORM when a wanted platform is not in the source. */
int import_image(struct session *session, const struct import_options *options,
		 const struct target *target, struct image_node *ret_index, struct error **err);

#endif
