/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/format/index_head.h"

#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "cache/format/frame.h"

static const char magic[] = "ocifpC1\n";
static const uint8_t stream_kinds[STREAM_COUNT] = { 'T', 'C', 'S', 'K', 'U', 'E' };

static int
refuse(const char *why, struct error **err)
{
	error_set(err, ERROR_CONTENT, "invalid cache index: %s", why);
	return error_set_class(err, CLASS_INDEX);
}

void
index_head_release(struct index_head *head)
{
	chunk_table_release(&head->packs);
	for (size_t i = 0; i < STREAM_COUNT; i++)
		free(head->streams[i].items);
	*head = (struct index_head){ 0 };
}

/* A table's bytes with their number before them: what ends it follows from nothing else. */
static int
read_packs(struct wire_reader *reader, struct index_head *head, struct error **err)
{
	size_t size = (size_t)wire_get_number(reader, CACHE_HEAD_LIMIT_BYTES);
	const uint8_t *bytes = wire_get_bytes(reader, size);

	return bytes ? chunk_table_parse(bytes, size, &head->packs, err)
		     : refuse("its head is cut short", err);
}

static int
read_stream(struct wire_reader *reader, struct index_head *head, struct error **err)
{
	const uint8_t *kind = wire_get_bytes(reader, 1);
	uint64_t count = wire_get_number(reader, CACHE_STREAM_LIMIT_BYTES / (4 * KIB));
	struct stream_chunks *stream = NULL;

	for (size_t i = 0; kind && i < STREAM_COUNT; i++)
		if (*kind == stream_kinds[i])
			stream = &head->streams[i];
	if (stream && stream->items)
		return refuse("a part of it comes twice", err);
	if (stream)
		stream->items = xcalloc((size_t)count + 1, sizeof(*stream->items));
	for (; count > 0 && !reader->failed; count--) {
		struct digest digest = wire_get_digest(reader);

		if (stream)
			stream->items[stream->count++] = digest;
	}
	return reader->failed ? refuse("its head is cut short", err) : 0;
}

static int
read_head(const void *bytes, size_t size, struct index_head *head, struct error **err)
{
	struct wire_reader reader = wire_reader_of(bytes, size);
	const uint8_t *start = wire_get_bytes(&reader, sizeof(magic) - 1);
	uint64_t stream_count;

	if (!start || memcmp(start, magic, sizeof(magic) - 1) != 0)
		return refuse("it was written by another version", err);
	if (read_packs(&reader, head, err) < 0)
		return -1;
	stream_count = wire_get_number(&reader, 16);
	for (; stream_count > 0; stream_count--)
		if (read_stream(&reader, head, err) < 0)
			return -1;
	return wire_at_end(&reader) && !reader.failed ? 0 : refuse("its head is damaged", err);
}

int
index_head_unpack(const void *frame, size_t size, struct buf *ret_bytes, struct error **err)
{
	unsigned long long content = ZSTD_getFrameContentSize(frame, size);
	AUTO_FREE uint8_t *bytes = NULL;
	size_t read;

	if (content == ZSTD_CONTENTSIZE_ERROR || content == ZSTD_CONTENTSIZE_UNKNOWN ||
	    content > CACHE_HEAD_LIMIT_BYTES)
		return refuse("its head is not a zstd frame of at most 4 MiB", err);
	bytes = xcalloc(1, (size_t)content + 1);
	read = ZSTD_decompress(bytes, (size_t)content, frame, size);
	if (ZSTD_isError(read) || read != content)
		return refuse("its head is damaged", err);
	return buf_append(ret_bytes, bytes, read, err);
}

int
index_head_parse(const void *bytes, size_t size, struct index_head *ret_head, struct error **err)
{
	AUTO_INDEX_HEAD struct index_head head = { 0 };

	if (read_head(bytes, size, &head, err) < 0)
		return -1;
	*ret_head = head;
	head = (struct index_head){ 0 };
	return 0;
}

static void
put_packs(struct wire_writer *writer, const struct chunk_table *packs)
{
	struct wire_writer table = { .buf = BUF_INIT(CACHE_HEAD_LIMIT_BYTES) };

	for (size_t i = 0; i < packs->pack_count; i++)
		chunk_table_put(&table, packs, i);
	wire_put_text(writer, table.buf.data, table.buf.size);
	writer->is_full |= table.is_full;
	buf_release(&table.buf);
}

static void
put_stream(struct wire_writer *writer, uint8_t kind, const struct stream_chunks *stream)
{
	wire_put_bytes(writer, &kind, 1);
	wire_put_number(writer, stream->count);
	for (size_t i = 0; i < stream->count; i++)
		wire_put_digest(writer, &stream->items[i]);
}

static int
compress(const struct buf *content, struct buf *ret_frame, struct error **err)
{
	size_t capacity = frame_bound(content->size);
	AUTO_FREE uint8_t *frame = xcalloc(1, capacity);
	CLEANUP(frame_coder_free_at) struct frame_coder *coder = frame_coder_new();
	size_t size = 0;

	if (frame_write(coder, content->data, content->size, frame, capacity, &size, err) < 0)
		return -1;
	return buf_append(ret_frame, frame, size, err);
}

int
index_head_format(const struct index_head *head, struct buf *ret_frame, struct error **err)
{
	struct wire_writer writer = { .buf = BUF_INIT(CACHE_HEAD_LIMIT_BYTES) };
	int ret = -1;

	wire_put_bytes(&writer, magic, sizeof(magic) - 1);
	put_packs(&writer, &head->packs);
	wire_put_number(&writer, STREAM_COUNT);
	for (size_t i = 0; i < STREAM_COUNT; i++)
		put_stream(&writer, stream_kinds[i], &head->streams[i]);
	if (writer.is_full)
		error_set(err, ERROR_CONTENT, "the index of the cache is too large");
	else
		ret = compress(&writer.buf, ret_frame, err);
	buf_release(&writer.buf);
	return ret;
}
