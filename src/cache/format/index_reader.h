/* SPDX-License-Identifier: Apache-2.0 */
/* index_reader.h - the streams of an index, from its head and packs; for the confined helper */
#ifndef OCIFP_CACHE_FORMAT_INDEX_READER_H
#define OCIFP_CACHE_FORMAT_INDEX_READER_H

#include "base/buf.h"
#include "cache/format/index_head.h"

struct error;
struct frame_coder;

/* The frame of a chunk as it lies in a pack, unchecked: `frame` has room for
 * CACHE_FRAME_LIMIT_BYTES. */
int packed_frame_read(const struct packed_chunk *chunk, int fd, void *frame, struct error **err);

/* One chunk of a pack, checked.  `frame` has room for CACHE_FRAME_LIMIT_BYTES, `bytes` for
 * CACHE_CHUNK_LIMIT_BYTES. */
int packed_chunk_read(struct frame_coder *coder, const struct packed_chunk *chunk, int fd,
		      void *frame, void *bytes, struct error **err);

/* Appends a stream to a buffer, whose limit holds.  `fds` are the index packs, in the order of
 * head->packs.  Each chunk is checked. */
int index_stream_read(const struct index_head *head, const int *fds, enum index_stream stream,
		      struct buf *ret_bytes, struct error **err);

#endif
