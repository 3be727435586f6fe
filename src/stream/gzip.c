/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/compress_private.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/workers.h"
#include "base/xalloc.h"
#include "stream/sink.h"

/*
 * One member of RFC 1952. Each block of GZIP_BLOCK_BYTES is compressed without the one before it
 * and ends at a byte (zlib.h, Z_SYNC_FLUSH), so that several threads can compress blocks:
 *
 *     header | block | block | ... | shorter block | empty last block | CRC, size
 *
 * The bytes follow from the input, the level and zlib alone, not from the number of threads. One
 * member, because some readers stop after the first (zlib's inflate() itself, for example).
 */
enum {
	GZIP_LEVEL = 6,
	GZIP_MEMORY_LEVEL = 8,
	GZIP_RAW_WINDOW_BITS = -15, /* zlib.h: no header and no trailer */
	GZIP_WAITING_BLOCKS = 2,    /* besides one a thread */
};

/* `sink->lock` protects is_done. All else belongs to the worker while the block is queued. */
struct gzip_block {
	struct job job;
	struct gzip_sink *sink;
	z_stream stream;
	uint8_t *input;
	size_t input_bytes;
	uint8_t *output;
	size_t output_limit_bytes;
	size_t output_bytes;
	bool is_whole;
	uLong crc;
	bool is_done;
};

/* Blocks `first` to `first + queued_count - 1` are queued; the next one is being filled. */
struct gzip_sink {
	struct sink sink;
	struct sink *next;
	int level;
	struct workers *workers; /* NULL: only one block so far, or threads are not available */
	struct gzip_block *blocks;
	size_t block_count;
	size_t first;
	size_t queued_count;
	bool has_header;
	uLong crc;
	uint64_t size_bytes;
	pthread_mutex_t lock;
	pthread_cond_t block_done;
};

static void
block_compress(struct gzip_block *block)
{
	z_stream *stream = &block->stream;

	(void)deflateReset(stream);
	stream->next_in = block->input;
	stream->avail_in = (uInt)block->input_bytes;
	stream->next_out = block->output;
	stream->avail_out = (uInt)block->output_limit_bytes;
	block->is_whole = deflate(stream, Z_SYNC_FLUSH) == Z_OK && stream->avail_in == 0 &&
			  stream->avail_out > 0;
	block->output_bytes = block->output_limit_bytes - stream->avail_out;
	block->crc = crc32(crc32(0, NULL, 0), block->input, (uInt)block->input_bytes);
}

static void
block_run(struct job *job)
{
	struct gzip_block *block = (struct gzip_block *)job;
	struct gzip_sink *self = block->sink;

	block_compress(block);
	pthread_mutex_lock(&self->lock);
	block->is_done = true;
	pthread_cond_signal(&self->block_done);
	pthread_mutex_unlock(&self->lock);
}

/* Memory is allocated when a block is first used: small layers need one block. */
static void
block_prepare(struct gzip_block *block, struct gzip_sink *self)
{
	if (block->input)
		return;
	block->job.run = block_run;
	block->sink = self;
	block->stream.zalloc = zlib_allocate;
	block->stream.zfree = zlib_release;
	(void)deflateInit2(&block->stream, self->level, Z_DEFLATED, GZIP_RAW_WINDOW_BITS,
			   GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
	block->input = xcalloc(1, GZIP_BLOCK_BYTES);
	/* deflateBound() is for Z_FINISH; Z_SYNC_FLUSH may need some bytes more. */
	block->output_limit_bytes = deflateBound(&block->stream, GZIP_BLOCK_BYTES) + 64;
	block->output = xcalloc(1, block->output_limit_bytes);
}

static int
write_header(struct gzip_sink *self, struct error **err)
{
	/* RFC 1952, 2.3.1: XFL as zlib sets it; no time; OS 255, unknown. */
	uint8_t extra = self->level == 9 ? 2 : self->level == 1 ? 4 : 0;
	const uint8_t header[] = { 0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, extra, 255 };

	if (self->has_header)
		return 0;
	self->has_header = true;
	return sink_write(self->next, header, sizeof(header), err);
}

static int
write_block(struct gzip_sink *self, struct gzip_block *block, struct error **err)
{
	if (!block->is_whole)
		return error_set(err, ERROR_FAILURE, "zlib cannot compress a block");
	if (write_header(self, err) < 0 ||
	    sink_write(self->next, block->output, block->output_bytes, err) < 0)
		return -1;
	self->crc = crc32_combine(self->crc, block->crc, (z_off_t)block->input_bytes);
	self->size_bytes += block->input_bytes;
	block->input_bytes = 0;
	return 0;
}

static int
write_first_queued(struct gzip_sink *self, struct error **err)
{
	struct gzip_block *block = &self->blocks[self->first];

	pthread_mutex_lock(&self->lock);
	while (!block->is_done)
		pthread_cond_wait(&self->block_done, &self->lock);
	block->is_done = false;
	pthread_mutex_unlock(&self->lock);
	self->first = (self->first + 1) % self->block_count;
	self->queued_count--;
	return write_block(self, block, err);
}

static struct gzip_block *
block_to_fill(struct gzip_sink *self)
{
	struct gzip_block *block =
		&self->blocks[(self->first + self->queued_count) % self->block_count];

	block_prepare(block, self);
	return block;
}

/* A block to fill.  Without threads the block is compressed here. */
static int
queue_block(struct gzip_sink *self, struct gzip_block *block, struct error **err)
{
	if (!self->workers)
		self->workers =
			workers_new((unsigned)self->block_count - GZIP_WAITING_BLOCKS, NULL);
	if (!self->workers) {
		block_compress(block);
		return write_block(self, block, err);
	}
	workers_queue(self->workers, &block->job);
	self->queued_count++;
	return self->queued_count < self->block_count ? 0 : write_first_queued(self, err);
}

static int
gzip_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct gzip_sink *self = (struct gzip_sink *)sink;

	while (size > 0) {
		struct gzip_block *block = block_to_fill(self);
		size_t room = GZIP_BLOCK_BYTES - block->input_bytes;
		size_t part = size < room ? size : room;

		memcpy(block->input + block->input_bytes, bytes, part);
		block->input_bytes += part;
		bytes = (const uint8_t *)bytes + part;
		size -= part;
		if (part == room && queue_block(self, block, err) < 0)
			return -1;
	}
	return 0;
}

static void
put_u32(uint8_t *at, uint64_t value)
{
	for (size_t i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static int
gzip_finish(struct sink *sink, struct error **err)
{
	struct gzip_sink *self = (struct gzip_sink *)sink;
	struct gzip_block *last = block_to_fill(self);
	/* RFC 1951, 3.2.3: a last block that contains only its end */
	uint8_t end[10] = { 3, 0 };

	if (last->input_bytes > 0)
		block_compress(last);
	while (self->queued_count > 0)
		if (write_first_queued(self, err) < 0)
			return -1;
	if (last->input_bytes > 0 && write_block(self, last, err) < 0)
		return -1;
	put_u32(end + 2, self->crc);
	put_u32(end + 6, self->size_bytes);
	if (write_header(self, err) < 0 || sink_write(self->next, end, sizeof(end), err) < 0)
		return -1;
	return sink_finish(self->next, err);
}

static void
gzip_free(struct sink *sink)
{
	struct gzip_sink *self = (struct gzip_sink *)sink;

	workers_free(self->workers);
	for (size_t i = 0; i < self->block_count; i++) {
		if (self->blocks[i].input) {
			(void)deflateEnd(&self->blocks[i].stream);
			free(self->blocks[i].input);
			free(self->blocks[i].output);
		}
	}
	free(self->blocks);
	pthread_cond_destroy(&self->block_done);
	pthread_mutex_destroy(&self->lock);
	sink_free(self->next);
	free(self);
}

struct sink *
sink_gzip(int level, struct sink *next)
{
	static const struct sink_ops ops = { gzip_write, gzip_finish, gzip_free };
	struct gzip_sink *self = XNEW(struct gzip_sink);

	self->sink.ops = &ops;
	self->next = next;
	self->level = level ? level : GZIP_LEVEL;
	self->block_count = workers_count(GZIP_THREADS_LIMIT_COUNT) + GZIP_WAITING_BLOCKS;
	self->blocks = xcalloc(self->block_count, sizeof(*self->blocks));
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->block_done, NULL);
	return &self->sink;
}
