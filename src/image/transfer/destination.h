/* SPDX-License-Identifier: Apache-2.0 */
/* destination.h - the destination of a fetched or new image: the store, a layout, an archive
 *
 *     destination_open --> (documents and new blobs into `store`) --> destination_put
 */
#ifndef OCIFP_IMAGE_TRANSFER_DESTINATION_H
#define OCIFP_IMAGE_TRANSFER_DESTINATION_H

#include "base/cleanup.h"

struct error;
struct fetch_gate;
struct fetch_hook;
struct image_node;
struct location;
struct observer;
struct repository;
struct session;
struct store;

/* The tag in the output's name, else that of the place where the image was found (NULL: nowhere); a
 * whole reference for `docker load`.  The caller's; NULL: none. */
char *output_tag(const struct location *output, const struct location *place);

struct destination {
	const struct location *output; /* NULL: the user's own store */
	struct observer *observer;
	struct store *store;       /* gets the blobs: the layout, or the user's own store */
	struct store *local_store; /* the user's own store, if that is another; NULL: none */
	struct store *opened;      /* to be closed */
};

int destination_open(struct session *session, const struct location *output,
		     struct destination *ret_destination, struct error **err);

struct delivery {
	const struct image_node *root;
	struct repository *repository; /* has the blobs that both stores lack */
	const char *name;              /* in the user's own store; NULL: it has one there */
	const struct location *place;  /* its tag is used for an output without one; NULL: none */
	struct fetch_hook *hook;       /* NULL: none */
	const struct fetch_gate *gate; /* NULL: none */
};

/* Puts everything that the image needs, then its name. */
int destination_put(const struct destination *destination, const struct delivery *delivery,
		    struct error **err);
void destination_release(struct destination *destination);
#define AUTO_DESTINATION CLEANUP(destination_release)

#endif
