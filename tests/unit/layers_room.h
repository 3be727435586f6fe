/* SPDX-License-Identifier: Apache-2.0 */
/* layers_room.h - an image of small layers, in a store_room, for what unpacks them
 *
 * With the real ocifp-layer, which $OCIFP_LIBEXEC names.
 */
#ifndef OCIFP_TESTS_LAYERS_ROOM_H
#define OCIFP_TESTS_LAYERS_ROOM_H

#include "image/document/local_image.h"

struct store;

/* The next layer, which no store has yet: a tar of what the script makes, or of "$what" alone. */
void add_layer(struct local_image *image, const char *script);

/* As if it had been downloaded; and all of them. */
void put_layer(struct store *store, const struct local_image *image, size_t number);
void put_layers(struct store *store, const struct local_image *image);

void assert_no_child(void);

#endif
