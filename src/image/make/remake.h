/* SPDX-License-Identifier: Apache-2.0 */
/* remake.h - new layers from the layers of an image: each compressed anew, or all as one
 *
 *     repository --> the user's store --> ocifp-layer --tar--> compress --> a new blob
 *
 * The helper checks each diff_id.
 */
#ifndef OCIFP_IMAGE_MAKE_REMAKE_H
#define OCIFP_IMAGE_MAKE_REMAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "image/make/new_layer.h"

struct draft;
struct error;
struct store;

struct remade;

struct remake {
	struct store *from; /* receives the old layers */
	struct store *to;   /* receives the new layers */
	const struct new_layer_options *how;
	struct remade *done; /* a layer that several images share is made once */
	size_t done_count;
};

/* Compresses the layers as `how` says, but those that have the compression already unless `how`
 * has a level.  ERROR_USAGE: a layer is encrypted or not for distribution. */
int remake_compression(struct remake *remake, struct draft *draft, struct error **err);

/* Replaces all layers by one with the same tree.  Errors as above; *ret_dropped_xattrs as in
 * export_layers(). */
int remake_as_one(const struct remake *remake, struct draft *draft, uint64_t *ret_dropped_xattrs,
		  struct error **err);
void remake_release(struct remake *remake);

#endif
