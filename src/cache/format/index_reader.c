/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/format/index_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "cache/format/frame.h"
#include "stream/source.h"

struct reading {
	struct frame_coder *coder;
	uint8_t *frame;
	uint8_t *bytes;
};

static void
reading_release(struct reading *reading)
{
	frame_coder_free(reading->coder);
	free(reading->frame);
	free(reading->bytes);
}

int
packed_frame_read(const struct packed_chunk *chunk, int fd, void *frame, struct error **err)
{
	struct source source = source_of_fd(fd, CACHE_PACK_LIMIT_BYTES);
	size_t read = 0;

	if (source_read(&source, chunk->offset, frame, chunk->frame_bytes, &read, err) < 0)
		return -1;
	return read == chunk->frame_bytes
		       ? 0
		       : error_set(err, ERROR_CONTENT, "a pack of the cache is cut short");
}

int
packed_chunk_read(struct frame_coder *coder, const struct packed_chunk *chunk, int fd, void *frame,
		  void *bytes, struct error **err)
{
	if (packed_frame_read(chunk, fd, frame, err) < 0)
		return -1;
	return frame_read(coder, frame, chunk->frame_bytes, &chunk->digest, bytes,
			  chunk->size_bytes, err);
}

static int
read_chunk(struct reading *reading, const struct index_head *head, const int *fds,
	   const struct digest *digest, struct buf *ret_bytes, struct error **err)
{
	const struct packed_chunk *chunk = chunk_table_find(&head->packs, digest);

	if (!chunk)
		return error_set(err, ERROR_CONTENT,
				 "invalid cache index: a part of it is missing");
	if (packed_chunk_read(reading->coder, chunk, fds[chunk->pack], reading->frame,
			      reading->bytes, err) < 0)
		return -1;
	return buf_append(ret_bytes, reading->bytes, chunk->size_bytes, err);
}

int
index_stream_read(const struct index_head *head, const int *fds, enum index_stream stream,
		  struct buf *ret_bytes, struct error **err)
{
	const struct stream_chunks *chunks = &head->streams[stream];
	CLEANUP(reading_release)
	struct reading reading = {
		.coder = frame_coder_new(),
		.frame = xcalloc(1, CACHE_FRAME_LIMIT_BYTES),
		.bytes = xcalloc(1, CACHE_CHUNK_LIMIT_BYTES),
	};

	for (size_t i = 0; i < chunks->count; i++)
		if (read_chunk(&reading, head, fds, &chunks->items[i], ret_bytes, err) < 0)
			return error_wrap(err, "cannot read the index of the cache");
	return 0;
}
