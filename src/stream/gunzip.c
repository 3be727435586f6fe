/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/compress_private.h"

#include <limits.h>
#include <stdbool.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "stream/sink.h"

enum { GUNZIP_WINDOW_BITS = 15 + 16 }; /* zlib.h: "add 16 to windowBits" for gzip */

struct gunzip_sink {
	struct sink sink;
	struct sink *next;
	z_stream stream;
	bool at_end; /* of a member */
	uint8_t *output;
};

void *
zlib_allocate(void *opaque, unsigned count, unsigned size)
{
	(void)opaque;
	return xcalloc(count, size);
}

void
zlib_release(void *opaque, void *memory)
{
	(void)opaque;
	free(memory);
}

static int
refuse(const char *why, struct error **err)
{
	error_set(err, ERROR_CONTENT, "the gzip stream is %s", why);
	return error_set_class(err, CLASS_COMPRESSION);
}

/* Members may follow one another. */
static int
inflate_some(struct gunzip_sink *self, struct error **err)
{
	int status;
	size_t size;

	if (self->at_end)
		(void)inflateReset(&self->stream);
	self->stream.next_out = self->output;
	self->stream.avail_out = TRANSFER_BUFFER_BYTES;
	status = inflate(&self->stream, Z_NO_FLUSH);
	self->at_end = status == Z_STREAM_END;
	if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
		return refuse("damaged", err);
	size = TRANSFER_BUFFER_BYTES - self->stream.avail_out;
	return size > 0 ? sink_write(self->next, self->output, size, err) : 0;
}

static int
inflate_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct gunzip_sink *self = (struct gunzip_sink *)sink;
	const uint8_t *at = bytes;

	while (size > 0) {
		unsigned most = size < UINT_MAX ? (unsigned)size : UINT_MAX;

		self->stream.next_in = at;
		self->stream.avail_in = most;
		at += most;
		size -= most;
		while (self->stream.avail_in > 0 || (self->stream.avail_out == 0 && !self->at_end))
			if (inflate_some(self, err) < 0)
				return -1;
	}
	return 0;
}

static int
inflate_finish(struct sink *sink, struct error **err)
{
	struct gunzip_sink *self = (struct gunzip_sink *)sink;

	return self->at_end ? sink_finish(self->next, err) : refuse("cut short", err);
}

static void
inflate_free(struct sink *sink)
{
	struct gunzip_sink *self = (struct gunzip_sink *)sink;

	(void)inflateEnd(&self->stream);
	sink_free(self->next);
	free(self->output);
	free(self);
}

struct sink *
sink_gunzip(struct sink *next)
{
	static const struct sink_ops ops = { inflate_write, inflate_finish, inflate_free };
	struct gunzip_sink *self = XNEW(struct gunzip_sink);

	self->sink.ops = &ops;
	self->next = next;
	self->stream.zalloc = zlib_allocate;
	self->stream.zfree = zlib_release;
	self->output = xcalloc(1, TRANSFER_BUFFER_BYTES);
	(void)inflateInit2(&self->stream, GUNZIP_WINDOW_BITS);
	return &self->sink;
}
