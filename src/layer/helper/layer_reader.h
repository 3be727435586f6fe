/* SPDX-License-Identifier: Apache-2.0 */
/* layer_reader.h - reads the entries of the layer in the ring
 *
 * libarchive decodes tar only, without filters, and opens no file.
 */
#ifndef OCIFP_LAYER_HELPER_LAYER_READER_H
#define OCIFP_LAYER_HELPER_LAYER_READER_H

#include <stddef.h>
#include <stdint.h>

#include "layer/helper/tar_filter.h"
#include "stream/sink.h"

struct archive;
struct entry;
struct error;
struct ring;

struct layer_reader {
	struct ring *ring;
	struct tar_filter tar; /* between the ring and libarchive */
	struct archive *archive;
	struct error *failure; /* of the ring or the filter; reported instead of libarchive's */
	uint64_t entry_count;
	uint64_t content_bytes; /* with holes */
	struct measure measured;
};

struct layer_piece {
	const void *bytes; /* valid until the next call */
	size_t size;
	uint64_t offset_bytes; /* in the file; a hole may precede it */
};

/* The reader must not be moved.  Release it also after a failure. */
int layer_reader_open(struct layer_reader *reader, struct ring *ring, struct error **err);
void layer_reader_release(struct layer_reader *reader);

/* Both return 1, or 0 at the end.  The entry is valid until the next one; release it.  Content that
 * is not read is skipped. */
int layer_reader_next(struct layer_reader *reader, struct entry *ret_entry, struct error **err);
int layer_reader_content(struct layer_reader *reader, struct layer_piece *ret_piece,
			 struct error **err);

/* Reads the ring up to the end of the layer, and checks its digest; then `measured` is set. */
int layer_reader_end(struct layer_reader *reader, struct error **err);

#endif
