/* SPDX-License-Identifier: Apache-2.0 */
/* import.h - takes an image from a build or a file into the store under its fingerprint
 *
 *     source (layout or archive) --> store --> an index of ours, named as in image/resolve/built.h
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
	const struct platforms *platforms; /* NULL: all that the source has */
	const struct descriptors *kept;    /* see publish.h */
};

/* ERROR_PLATFORM: the source lacks a wanted platform. */
int import_image(struct session *session, const struct import_options *options,
		 const struct target *target, struct image_node *ret_index, struct error **err);

#endif
