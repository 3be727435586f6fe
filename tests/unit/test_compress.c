/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "stream/compress.h"
#include "stream/sink.h"

#define CONTENT_BYTES (TRANSFER_BUFFER_BYTES * 5 + 17)

static const enum compression kinds[] = { COMPRESSION_GZIP, COMPRESSION_ZSTD };

struct buf_sink {
	struct sink sink;
	struct buf *buf;
	bool *committed;
};

static int
buf_sink_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	return buf_append(((struct buf_sink *)sink)->buf, bytes, size, err);
}

static int
buf_sink_finish(struct sink *sink, struct error **err)
{
	(void)err;
	*((struct buf_sink *)sink)->committed = true;
	return 0;
}

static void
buf_sink_free(struct sink *sink)
{
	free(sink);
}

static struct sink *
sink_of_buf(struct buf *buf, bool *committed)
{
	static const struct sink_ops ops = { buf_sink_write, buf_sink_finish, buf_sink_free };
	struct buf_sink *self = XNEW(struct buf_sink);

	self->sink.ops = &ops;
	self->buf = buf;
	self->committed = committed;
	return &self->sink;
}

/* In pieces of `step` bytes; takes the sink.  The class of the failure, or NULL. */
static const char *
run(struct sink *top, const struct buf *input, size_t step)
{
	AUTO_SINK struct sink *sink = top;
	AUTO_ERROR struct error *err = NULL;
	int ret = 0;

	for (size_t at = 0; at < input->size && ret == 0; at += step) {
		size_t size = input->size - at < step ? input->size - at : step;

		ret = sink_write(sink, input->data + at, size, &err);
	}
	if (ret == 0)
		ret = sink_finish(sink, &err);
	if (ret == 0)
		return NULL;
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	return error_class(err);
}

static struct buf
compressed(enum compression kind, const struct buf *input, size_t step)
{
	struct buf output = BUF_INIT(64 * MIB);
	bool committed = false;

	assert_null(run(sink_compress(kind, sink_of_buf(&output, &committed)), input, step));
	assert_true(committed);
	return output;
}

static void
assert_decompresses(enum compression kind, const struct buf *input, size_t step,
		    const struct buf *expected)
{
	AUTO_BUF struct buf output = BUF_INIT(64 * MIB);
	bool committed = false;

	assert_null(run(sink_decompress(kind, sink_of_buf(&output, &committed)), input, step));
	assert_true(committed);
	assert_int_equal(output.size, expected->size);
	if (output.size > 0)
		assert_memory_equal(output.data, expected->data, output.size);
}

/* Half of it shrinks and half does not. */
static struct buf
content_of(size_t size)
{
	struct buf content = BUF_INIT(64 * MIB);
	AUTO_FREE char *bytes = xcalloc(1, size + 1);
	AUTO_ERROR struct error *err = NULL;
	uint32_t state = 1;

	for (size_t i = 0; i < size; i++) {
		state = state * 1664525 + 1013904223;
		bytes[i] = (char)(i % 2048 < 1024 ? 'a' : state >> 24);
	}
	assert_int_equal(buf_append(&content, bytes, size, &err), 0);
	return content;
}

static void
what_was_compressed_comes_back(void **state)
{
	static const size_t sizes[] = {
		0, 1, 1000, TRANSFER_BUFFER_BYTES, TRANSFER_BUFFER_BYTES * 2, CONTENT_BYTES
	};

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		enum compression kind = kinds[i % 2];
		AUTO_BUF struct buf content = content_of(sizes[i / 2]);
		AUTO_BUF struct buf output = compressed(kind, &content, TRANSFER_BUFFER_BYTES);

		assert_int_equal(compression_detect(output.data, output.size), kind);
		assert_decompresses(kind, &output, TRANSFER_BUFFER_BYTES, &content);
		assert_decompresses(kind, &output, 7, &content);
	}
}

static void
the_pieces_that_it_came_in_change_nothing(void **state)
{
	AUTO_BUF struct buf content = content_of(CONTENT_BYTES);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		AUTO_BUF struct buf whole = compressed(kinds[i], &content, CONTENT_BYTES);
		AUTO_BUF struct buf pieces = compressed(kinds[i], &content, 511);

		assert_int_equal(whole.size, pieces.size);
		assert_memory_equal(whole.data, pieces.data, whole.size);
	}
}

static void
a_gzip_header_says_no_name_no_time_and_no_system(void **state)
{
	AUTO_BUF struct buf content = content_of(1000);
	AUTO_BUF struct buf output = compressed(COMPRESSION_GZIP, &content, 1000);

	(void)state;
	assert_memory_equal(output.data, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
}

static void
streams_in_a_row_are_one(void **state)
{
	AUTO_BUF struct buf content = content_of(1000);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		AUTO_BUF struct buf twice = BUF_INIT(MIB);
		AUTO_BUF struct buf one = compressed(kinds[i], &content, 1000);
		AUTO_BUF struct buf input = compressed(kinds[i], &content, 1000);
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(buf_append(&input, one.data, one.size, &err), 0);
		assert_int_equal(buf_append(&twice, content.data, 1000, &err), 0);
		assert_int_equal(buf_append(&twice, content.data, 1000, &err), 0);
		assert_decompresses(kinds[i], &input, 1, &twice);
		assert_decompresses(kinds[i], &input, input.size, &twice);
	}
}

static void
assert_refused(enum compression kind, const struct buf *input)
{
	AUTO_BUF struct buf output = BUF_INIT(64 * MIB);
	const char *class_name;
	bool committed = false;

	class_name = run(sink_decompress(kind, sink_of_buf(&output, &committed)), input, 100);
	assert_non_null(class_name);
	assert_string_equal(class_name, "compression");
	assert_false(committed);
}

static void
a_stream_that_is_cut_damaged_or_followed_by_more_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		AUTO_BUF struct buf content = content_of(5000);
		AUTO_BUF struct buf output = compressed(kinds[i], &content, 5000);
		AUTO_ERROR struct error *err = NULL;
		struct buf cut = output;
		struct buf nothing = { 0 };

		cut.size--;
		assert_refused(kinds[i], &cut);
		assert_refused(kinds[i], &nothing);
		output.data[output.size - 1] ^= 1;
		output.data[output.size / 2] ^= 1;
		assert_refused(kinds[i], &output);
		output.data[output.size - 1] ^= 1;
		output.data[output.size / 2] ^= 1;
		assert_int_equal(buf_append_text(&output, "more", &err), 0);
		assert_refused(kinds[i], &output);
	}
}

static void
without_compression_nothing_is_in_between(void **state)
{
	struct sink *next = sink_null();

	(void)state;
	assert_ptr_equal(sink_compress(COMPRESSION_NONE, next), next);
	assert_ptr_equal(sink_decompress(COMPRESSION_NONE, next), next);
	assert_int_equal(compression_detect("\x1f", 1), COMPRESSION_NONE);
	assert_int_equal(compression_detect("a tar", 5), COMPRESSION_NONE);
	sink_free(next);
}

/* A frame of one byte whose window is 2^(10 + exponent) * (1 + mantissa / 8) bytes (RFC
 * 8878, 3.1.1). */
static const char *
read_frame(unsigned exponent, unsigned mantissa)
{
	const uint8_t frame[] = {
		0x28,       0xb5, 0x2f, 0xfd, 0, (uint8_t)(exponent << 3 | mantissa),
		1 << 3 | 1, 0,    0,    'x',
	};
	AUTO_BUF struct buf input = BUF_INIT(sizeof(frame));
	AUTO_BUF struct buf output = BUF_INIT(1);
	bool committed = false;

	assert_int_equal(buf_append(&input, frame, sizeof(frame), NULL), 0);
	return run(sink_decompress(COMPRESSION_ZSTD, sink_of_buf(&output, &committed)), &input,
		   sizeof(frame));
}

static void
a_zstd_window_has_a_limit(void **state)
{
	(void)state;
	assert_null(read_frame(ZSTD_WINDOW_LIMIT_LOG - 10, 0));
	assert_non_null(read_frame(ZSTD_WINDOW_LIMIT_LOG - 10, 1));
	assert_non_null(read_frame(ZSTD_WINDOW_LIMIT_LOG - 10 + 1, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_compressed_comes_back),
		cmocka_unit_test(the_pieces_that_it_came_in_change_nothing),
		cmocka_unit_test(a_gzip_header_says_no_name_no_time_and_no_system),
		cmocka_unit_test(streams_in_a_row_are_one),
		cmocka_unit_test(a_stream_that_is_cut_damaged_or_followed_by_more_is_refused),
		cmocka_unit_test(without_compression_nothing_is_in_between),
		cmocka_unit_test(a_zstd_window_has_a_limit),
	};

	return cmocka_run_group_tests_name("compress", tests, NULL, NULL);
}
