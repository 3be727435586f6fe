/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdbool.h>
#include <string.h>

#include <zlib.h>

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

	assert_null(run(sink_compress(kind, 0, sink_of_buf(&output, &committed)), input, step));
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

static const struct golden {
	size_t size;
	int level;
	const char *digest;
} golden[] = {
	{ 0, 0, "sha256:ac73670af3abed54ac6fb4695131f4099be9fbe39d6076c5d0264a6bbdae9d83" },
	{ GZIP_BLOCK_BYTES - 1, 0,
	  "sha256:e9052994d4b8a28319d5901b541601ebb97bd71c42a8b1f4009b1547515c7ec1" },
	{ GZIP_BLOCK_BYTES, 0,
	  "sha256:f84fba756cb096a14c894f59a79b609935c97109a6a89d3b9c9a92894b3af4ea" },
	{ GZIP_BLOCK_BYTES + 1, 0,
	  "sha256:d62a5fa66055ad8a4565fa387cd5625dbd7dfeb416e9328540c5a1cf2c322a16" },
	{ GZIP_BLOCK_BYTES * 9 + 17, 0,
	  "sha256:d622da0b090a3934b1ae3bebbbdb06345b705bc7ae63762f4d2f851713aa6083" },
	{ GZIP_BLOCK_BYTES * 9 + 17, 1,
	  "sha256:2d47b0b33aa4e5e08b7a57916b026e6925da4c3ed1660a6e9c12fc0eceb064f3" },
	{ GZIP_BLOCK_BYTES * 9 + 17, 9,
	  "sha256:92a08f169c3d5f775af53a50e6330dbcddb46465014812720feeec96f22fde17" },
};

static void
assert_golden(void)
{
	for (size_t i = 0; i < sizeof(golden) / sizeof(*golden); i++) {
		AUTO_BUF struct buf content = content_of(golden[i].size);
		AUTO_BUF struct buf output = BUF_INIT(64 * MIB);
		struct digest digest;
		bool committed = false;

		assert_null(run(sink_compress(COMPRESSION_GZIP, golden[i].level,
					      sink_of_buf(&output, &committed)),
				&content, 100000));
		digest = digest_of(DIGEST_SHA256, output.data, output.size);
		assert_string_equal(digest_text(&digest).text, golden[i].digest);
		assert_decompresses(COMPRESSION_GZIP, &output, output.size, &content);
	}
}

/* The digest of a layer is part of image names that others keep. */
static void
gzip_makes_the_same_bytes_on_every_machine(void **state)
{
	(void)state;
	assert_golden();
}

#ifdef CPU_SET
static void
one_processor_makes_the_same_gzip_bytes(void **state)
{
	cpu_set_t all;
	cpu_set_t one;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_golden();
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}
#endif

/* zlib's inflate() stops after the first member, and some readers with it. */
static void
a_gzip_stream_of_several_blocks_is_one_member(void **state)
{
	AUTO_BUF struct buf content = content_of(GZIP_BLOCK_BYTES * 3);
	AUTO_BUF struct buf output = compressed(COMPRESSION_GZIP, &content, content.size);
	AUTO_FREE uint8_t *bytes = xcalloc(1, content.size);
	z_stream stream = { 0 };

	(void)state;
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	stream.next_in = (uint8_t *)output.data;
	stream.avail_in = (uInt)output.size;
	stream.next_out = bytes;
	stream.avail_out = (uInt)content.size;
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	assert_memory_equal(bytes, content.data, content.size);
	assert_int_equal(inflateEnd(&stream), Z_OK);
}

/* Threads may still compress. */
static void
a_gzip_sink_that_is_not_finished_can_be_freed(void **state)
{
	AUTO_BUF struct buf content = content_of(GZIP_BLOCK_BYTES * 2 + 1);
	struct sink *sink = sink_compress(COMPRESSION_GZIP, 9, sink_null());
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(sink_write(sink, content.data, content.size, &err), 0);
	sink_free(sink);
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
	assert_ptr_equal(sink_compress(COMPRESSION_NONE, 0, next), next);
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
		cmocka_unit_test(gzip_makes_the_same_bytes_on_every_machine),
#ifdef CPU_SET
		cmocka_unit_test(one_processor_makes_the_same_gzip_bytes),
#endif
		cmocka_unit_test(a_gzip_stream_of_several_blocks_is_one_member),
		cmocka_unit_test(a_gzip_sink_that_is_not_finished_can_be_freed),
		cmocka_unit_test(a_gzip_header_says_no_name_no_time_and_no_system),
		cmocka_unit_test(streams_in_a_row_are_one),
		cmocka_unit_test(a_stream_that_is_cut_damaged_or_followed_by_more_is_refused),
		cmocka_unit_test(without_compression_nothing_is_in_between),
		cmocka_unit_test(a_zstd_window_has_a_limit),
	};

	return cmocka_run_group_tests_name("compress", tests, NULL, NULL);
}
