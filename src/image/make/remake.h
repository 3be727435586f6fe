/* SPDX-License-Identifier: Apache-2.0 */
/* remake.h - layers made of an image's own: each in another compression, or one of all
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
	struct store *from; /* the layers come here first */
	struct store *to;   /* has what is made */
	const struct new_layer_options *how;
	struct remade *done; /* what images share is made once */
	size_t done_count;
};

/* Layers that have the compression already stay, unless a level is wanted.  ERROR_USAGE: one is
 * encrypted or not for distribution; the same below. */
int remake_compression(struct remake *remake, struct draft *draft, struct error **err);

/* One layer that makes the same tree.  *ret_dropped_xattrs as export_layers() has it. */
int remake_as_one(const struct remake *remake, struct draft *draft, uint64_t *ret_dropped_xattrs,
		  struct error **err);
void remake_release(struct remake *remake);

#endif
