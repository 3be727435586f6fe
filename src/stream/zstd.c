/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/compress_private.h"

#include <errno.h>
#include <stdbool.h>

#include <zstd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "stream/sink.h"

enum { ZSTD_LEVEL = 3 }; /* zstd's own default; every digest of our layers depends on it */

struct zstd_sink {
	struct sink sink;
	struct sink *next;
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *decompressor;
	bool at_end; /* of a frame that is read */
	uint8_t *output;
};

static struct zstd_sink *
zstd_new(const struct sink_ops *ops, struct sink *next)
{
	struct zstd_sink *self = XNEW(struct zstd_sink);

	self->sink.ops = ops;
	self->next = next;
	self->output = xcalloc(1, TRANSFER_BUFFER_BYTES);
	return self;
}

static void
zstd_free(struct sink *sink)
{
	struct zstd_sink *self = (struct zstd_sink *)sink;

	(void)ZSTD_freeCCtx(self->compressor);
	(void)ZSTD_freeDCtx(self->decompressor);
	sink_free(self->next);
	free(self->output);
	free(self);
}

static ZSTD_outBuffer
room_of(const struct zstd_sink *self)
{
	return (ZSTD_outBuffer){ .dst = self->output, .size = TRANSFER_BUFFER_BYTES };
}

static int
hand_on(struct zstd_sink *self, const ZSTD_outBuffer *output, struct error **err)
{
	return output->pos > 0 ? sink_write(self->next, self->output, output->pos, err) : 0;
}

/* ZSTD_e_continue: until all input is taken; ZSTD_e_end: until all output is written. */
static int
compress_all(struct zstd_sink *self, ZSTD_inBuffer *input, ZSTD_EndDirective directive,
	     struct error **err)
{
	size_t left;

	if (!self->compressor)
		return error_set_errno(err, ENOMEM, "cannot compress");
	do {
		ZSTD_outBuffer output = room_of(self);

		left = ZSTD_compressStream2(self->compressor, &output, input, directive);
		if (ZSTD_isError(left))
			return error_set(err, ERROR_FAILURE, "cannot compress: %s",
					 ZSTD_getErrorName(left));
		if (hand_on(self, &output, err) < 0)
			return -1;
	} while (directive == ZSTD_e_end ? left > 0 : input->pos < input->size);
	return 0;
}

static int
compress_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	ZSTD_inBuffer input = { .src = bytes, .size = size };

	return compress_all((struct zstd_sink *)sink, &input, ZSTD_e_continue, err);
}

static int
compress_finish(struct sink *sink, struct error **err)
{
	struct zstd_sink *self = (struct zstd_sink *)sink;
	ZSTD_inBuffer input = { 0 };

	if (compress_all(self, &input, ZSTD_e_end, err) < 0)
		return -1;
	return sink_finish(self->next, err);
}

struct sink *
sink_zstd(int level, struct sink *next)
{
	static const struct sink_ops ops = { compress_write, compress_finish, zstd_free };
	struct zstd_sink *self = zstd_new(&ops, next);

	self->compressor = ZSTD_createCCtx();
	(void)ZSTD_CCtx_setParameter(self->compressor, ZSTD_c_compressionLevel,
				     level ? level : ZSTD_LEVEL);
	(void)ZSTD_CCtx_setParameter(self->compressor, ZSTD_c_checksumFlag, 1);
	return &self->sink;
}

static int
refuse(const char *why, struct error **err)
{
	error_set(err, ERROR_CONTENT, "the zstd stream is %s", why);
	return error_set_class(err, CLASS_COMPRESSION);
}

static int
decompress_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct zstd_sink *self = (struct zstd_sink *)sink;
	ZSTD_inBuffer input = { .src = bytes, .size = size };
	ZSTD_outBuffer output = { 0 };

	if (!self->decompressor)
		return error_set_errno(err, ENOMEM, "cannot decompress");
	while (input.pos < input.size ||
	       (output.size > 0 && output.pos == output.size && !self->at_end)) {
		size_t left;

		output = room_of(self);
		left = ZSTD_decompressStream(self->decompressor, &output, &input);
		if (ZSTD_isError(left))
			return refuse("damaged", err);
		self->at_end = left == 0;
		if (hand_on(self, &output, err) < 0)
			return -1;
	}
	return 0;
}

static int
decompress_finish(struct sink *sink, struct error **err)
{
	struct zstd_sink *self = (struct zstd_sink *)sink;

	return self->at_end ? sink_finish(self->next, err) : refuse("cut short", err);
}

struct sink *
sink_unzstd(struct sink *next)
{
	static const struct sink_ops ops = { decompress_write, decompress_finish, zstd_free };
	struct zstd_sink *self = zstd_new(&ops, next);

	self->decompressor = ZSTD_createDCtx();
	(void)ZSTD_DCtx_setParameter(self->decompressor, ZSTD_d_windowLogMax,
				     ZSTD_WINDOW_LIMIT_LOG);
	return &self->sink;
}
