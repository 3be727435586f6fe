/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/inflate.h"

#include <limits.h>
#include <stdbool.h>

#include <isa-l/igzip_lib.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "layer/helper/ring.h"
#include "stream/compress.h"
#include "stream/sink.h"

struct isal_sink {
	struct sink sink;
	struct sink *next;
	struct ring *ring;
	struct inflate_state state;
};

static int
refuse(const char *why, struct error **err)
{
	error_set(err, ERROR_CONTENT, "the gzip stream is %s", why);
	return error_set_class(err, CLASS_COMPRESSION);
}

static void
begin_member(struct isal_sink *self)
{
	isal_inflate_reset(&self->state);
	self->state.crc_flag = ISAL_GZIP;
}

static bool
is_at_end(const struct isal_sink *self)
{
	return self->state.block_state == ISAL_BLOCK_FINISH;
}

/* A gzip stream may have several members. */
static int
inflate_some(struct isal_sink *self, struct error **err)
{
	size_t room = 0;
	uint8_t *output = ring_room(self->ring, &room);
	size_t size;

	if (!output)
		return error_set(err, ERROR_FAILURE, "the layer's reader has stopped");
	if (is_at_end(self))
		begin_member(self);
	self->state.next_out = output;
	self->state.avail_out = (uint32_t)room;
	if (isal_inflate(&self->state) != ISAL_DECOMP_OK)
		return refuse("damaged", err);
	size = room - self->state.avail_out;
	return size > 0 ? sink_write(self->next, output, size, err) : 0;
}

static int
isal_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct isal_sink *self = (struct isal_sink *)sink;

	if (size > UINT_MAX)
		return error_set(err, ERROR_FAILURE, "too many bytes at once");
	self->state.next_in = (uint8_t *)(uintptr_t)bytes;
	self->state.avail_in = (uint32_t)size;
	while (self->state.avail_in > 0 || (self->state.avail_out == 0 && !is_at_end(self)))
		if (inflate_some(self, err) < 0)
			return -1;
	return 0;
}

static int
isal_finish(struct sink *sink, struct error **err)
{
	struct isal_sink *self = (struct isal_sink *)sink;

	return is_at_end(self) ? sink_finish(self->next, err) : refuse("cut short", err);
}

static void
isal_free(struct sink *sink)
{
	struct isal_sink *self = (struct isal_sink *)sink;

	sink_free(self->next);
	free(self);
}

struct sink *
sink_inflate(enum compression compression, struct ring *ring, struct sink *next)
{
	static const struct sink_ops ops = { isal_write, isal_finish, isal_free };
	struct isal_sink *self;

	if (compression != COMPRESSION_GZIP)
		return sink_decompress(compression, next);
	self = XNEW(struct isal_sink);
	self->sink.ops = &ops;
	self->next = next;
	self->ring = ring;
	isal_inflate_init(&self->state);
	begin_member(self);
	self->state.avail_out = LAYER_BUFFER_BYTES; /* not 0, which would mean more output */
	return &self->sink;
}
