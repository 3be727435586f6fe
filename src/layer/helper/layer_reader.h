/* layer_reader.h - the entries of the layer in the ring, one after the other
 *
 * libarchive decodes, tar alone and no filters; it opens no file.
 */
#ifndef OCIFP_LAYER_HELPER_LAYER_READER_H
#define OCIFP_LAYER_HELPER_LAYER_READER_H

#include <stddef.h>
#include <stdint.h>

#include "layer/helper/tar_filter.h"

struct archive;
struct entry;
struct error;
struct ring;

struct layer_reader {
	struct ring *ring;
	struct tar_filter tar; /* between the ring and libarchive */
	struct archive *archive;
	struct error *failure; /* of these; what libarchive makes of it is less */
	uint64_t entry_count;
	uint64_t content_bytes; /* holes included */
};

struct layer_piece {
	const void *bytes; /* valid until the next call */
	size_t size;
	uint64_t offset_bytes; /* in the file: there may be a hole before it */
};

/* It must stay where it is; release it either way. */
int layer_reader_open(struct layer_reader *reader, struct ring *ring, struct error **err);
void layer_reader_release(struct layer_reader *reader);

/* Both: 1, or 0 at the end.  The entry lies in the reader until the next one; release it.  Content
 * that is not asked for is passed over. */
int layer_reader_next(struct layer_reader *reader, struct entry *ret_entry, struct error **err);
int layer_reader_content(struct layer_reader *reader, struct layer_piece *ret_piece,
			 struct error **err);

/* To the layer's end in the ring, which is then at the next. */
int layer_reader_end(struct layer_reader *reader, struct error **err);

#endif
