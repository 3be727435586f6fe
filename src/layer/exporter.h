/* SPDX-License-Identifier: Apache-2.0 */
/* exporter.h - an image's root filesystem, read through ocifp-layer: a tar, or one file
 *
 *     helper ---- the number of a layer ----> export_layers() opens it
 *            ---- a pipe -------------------> sink
 *
 * Or a single layer's tar, byte for byte.
 */
#ifndef OCIFP_LAYER_EXPORTER_H
#define OCIFP_LAYER_EXPORTER_H

#include <stddef.h>
#include <stdint.h>

struct digest;
struct error;
struct sink;

struct export_source {
	/* Opens the blob of layer number `index`, from 0 on, and names its diff_id; the caller
	 * closes the descriptor. */
	int (*open)(void *context, size_t number, const struct digest **ret_diff_id,
		    struct error **err);
	void *context;
	size_t layer_count;
};

/* Everything, or with `path` one regular file; links are followed within the image.  Finishes the
 * sink, which stays the caller's.  *ret_dropped_xattrs: extended attributes that entry.h does not
 * allow.  ERROR_CONTENT: an invalid layer; ERROR_FAILURE: no such file. */
int export_layers(const struct export_source *source, const char *path, struct sink *sink,
		  uint64_t *ret_dropped_xattrs, struct error **err);

/* The tar of one layer, uncompressed; finishes the sink.  ERROR_CONTENT, class "digest": it has
 * another diff_id. */
int export_layer(const struct export_source *source, size_t number, struct sink *sink,
		 struct error **err);

#endif
