/* SPDX-License-Identifier: Apache-2.0 */
/* new_layer.h - a layer made of a directory, or of a tar
 *
 *     directory --pack--> tar --compress--> a new blob of the store
 *     tar, compressed already             --> the same, byte for byte
 *
 * Everything is read once.
 */
#ifndef OCIFP_IMAGE_MAKE_NEW_LAYER_H
#define OCIFP_IMAGE_MAKE_NEW_LAYER_H

#include <stdint.h>

#include "layer/pack/pack.h"
#include "oci/media_type.h"
#include "stream/sink.h"

struct error;
struct observer;
struct store;

struct new_layer_options {
	struct pack_options pack; /* for a directory; root_fd and prefix are ignored */
	enum compression compression;
	int level; /* for the compression; 0: its default */
	struct observer *observer;
};

struct new_layer {
	struct digest diff_id;
	struct measure blob;
	enum compression compression;
};

/* Instead of a path: a tar from standard input. */
#define LAYER_STANDARD_INPUT "-"

struct layer_path {
	const char *path;
	const char *prefix; /* prefix for the names, for a directory only; NULL: none */
};

/* ERROR_USAGE: neither a directory nor a file; ERROR_CONTENT: a file that is not a tar. */
int new_layer_make(struct store *store, const struct layer_path *from,
		   const struct new_layer_options *options, struct new_layer *ret_layer,
		   struct error **err);

/* The media type of the layer in a manifest of that type. */
const char *new_layer_media_type(const struct new_layer *layer, const char *manifest_type);

#endif
