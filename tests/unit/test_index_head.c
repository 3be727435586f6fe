/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "cache/format/frame.h"
#include "cache/format/index_head.h"

/* The head of a layer as it came. */
static int
read_layer(const void *frame, size_t size, struct index_head *ret_head, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(CACHE_HEAD_LIMIT_BYTES);

	if (index_head_unpack(frame, size, &bytes, err) < 0)
		return -1;
	return index_head_parse(bytes.data, bytes.size, ret_head, err);
}

static struct digest
digest_number(uint64_t number)
{
	return digest_of(DIGEST_SHA256, &number, sizeof(number));
}

/* A head with one pack of these frames, and a stream of its first chunk. */
static void
make_head(struct index_head *head)
{
	struct digest chunk = digest_number(1);

	*head = (struct index_head){ 0 };
	chunk_table_add_pack(&head->packs);
	head->packs.packs[0].digest = digest_number(100);
	chunk_table_add(&head->packs, &chunk, 30, 1000);
	chunk = digest_number(2);
	chunk_table_add(&head->packs, &chunk, 40, 2000);
	head->streams[STREAM_TREE].items = xcalloc(1, sizeof(struct digest));
	head->streams[STREAM_TREE].items[0] = digest_number(1);
	head->streams[STREAM_TREE].count = 1;
}

static void
a_head_comes_back(void **state)
{
	AUTO_INDEX_HEAD struct index_head head;
	AUTO_INDEX_HEAD struct index_head again = { 0 };
	AUTO_BUF struct buf frame = BUF_INIT(CACHE_HEAD_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;
	const struct packed_chunk *chunk;
	struct digest second = digest_number(2);
	struct digest other = digest_number(3);

	(void)state;
	make_head(&head);
	assert_int_equal(index_head_format(&head, &frame, &err), 0);
	assert_int_equal(read_layer(frame.data, frame.size, &again, &err), 0);
	assert_int_equal(again.packs.pack_count, 1);
	assert_int_equal(again.packs.packs[0].size_bytes, 70);
	chunk = chunk_table_find(&again.packs, &second);
	assert_int_equal(chunk->offset, 30);
	assert_int_equal(chunk->size_bytes, 2000);
	assert_null(chunk_table_find(&again.packs, &other));
	assert_int_equal(again.streams[STREAM_TREE].count, 1);
	assert_int_equal(again.streams[STREAM_CHUNKS].count, 0);
}

static void
a_head_of_another_version_is_refused(void **state)
{
	static const char text[] = "ocifpC2\n\0\0";
	CLEANUP(frame_coder_free_at) struct frame_coder *coder = frame_coder_new();
	AUTO_INDEX_HEAD struct index_head head = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_ERROR struct error *refused = NULL;
	char frame[256];
	char same[sizeof(text)];
	size_t size = 0;

	(void)state;
	assert_int_equal(
		frame_write(coder, text, sizeof(text) - 1, frame, sizeof(frame), &size, &err), 0);
	assert_int_equal(read_layer(frame, size, &head, &refused), -1);
	assert_non_null(strstr(error_text(refused), "another version"));
	memcpy(same, text, sizeof(text));
	same[6] = '1';
	assert_int_equal(
		frame_write(coder, same, sizeof(text) - 1, frame, sizeof(frame), &size, &err), 0);
	assert_int_equal(read_layer(frame, size, &head, &err), 0);
}

static void
a_chunk_is_one_frame_of_its_size(void **state)
{
	CLEANUP(frame_coder_free_at) struct frame_coder *coder = frame_coder_new();
	struct digest digest = digest_of(DIGEST_SHA256, "onetwo", 6);
	AUTO_ERROR struct error *err = NULL;
	char frames[256];
	char bytes[7];
	size_t first = 0;
	size_t second = 0;

	(void)state;
	assert_int_equal(frame_write(coder, "onetwo", 6, frames, 128, &first, &err), 0);
	assert_int_equal(frame_write(coder, "", 0, frames + first, 128, &second, &err), 0);
	assert_int_equal(frame_read(coder, frames, first + second, &digest, bytes, 6, &err), -1);
	assert_true(error_is(err, ERROR_CONTENT));
}

static void
a_head_that_is_cut_or_changed_is_refused(void **state)
{
	AUTO_INDEX_HEAD struct index_head head;
	AUTO_BUF struct buf frame = BUF_INIT(CACHE_HEAD_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	make_head(&head);
	assert_int_equal(index_head_format(&head, &frame, &err), 0);
	for (size_t size = 0; size < frame.size; size++) {
		AUTO_INDEX_HEAD struct index_head again = { 0 };
		AUTO_ERROR struct error *refused = NULL;

		assert_int_equal(read_layer(frame.data, size, &again, &refused), -1);
		assert_true(error_is(refused, ERROR_CONTENT));
	}
}

/* One pack with one chunk of these sizes. */
static int
parse_sizes(uint64_t frame_bytes, uint64_t size_bytes)
{
	struct wire_writer writer = { .buf = BUF_INIT(1000) };
	AUTO_CHUNK_TABLE struct chunk_table table = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct digest digest = digest_number(1);
	int ret;

	wire_put_digest(&writer, &digest);
	wire_put_number(&writer, 1);
	wire_put_digest(&writer, &digest);
	wire_put_number(&writer, frame_bytes);
	wire_put_number(&writer, size_bytes);
	ret = chunk_table_parse(writer.buf.data, writer.buf.size, &table, &err);
	assert_true(ret == 0 || error_is(err, ERROR_CONTENT));
	buf_release(&writer.buf);
	return ret;
}

static void
sizes_of_chunks_have_limits(void **state)
{
	(void)state;
	assert_int_equal(parse_sizes(1, 1), 0);
	assert_int_equal(parse_sizes(0, 1), -1);
	assert_int_equal(parse_sizes(1, 0), -1);
	assert_int_equal(parse_sizes(CACHE_FRAME_LIMIT_BYTES, 1), 0);
	assert_int_equal(parse_sizes(CACHE_FRAME_LIMIT_BYTES + 1, 1), -1);
	assert_int_equal(parse_sizes(1, CACHE_CHUNK_LIMIT_BYTES), 0);
	assert_int_equal(parse_sizes(1, CACHE_CHUNK_LIMIT_BYTES + 1), -1);
}

static int
parse_pack(size_t chunk_count, uint64_t frame_bytes)
{
	struct wire_writer writer = { .buf = BUF_INIT(MIB) };
	AUTO_CHUNK_TABLE struct chunk_table table = { 0 };
	AUTO_ERROR struct error *err = NULL;
	struct digest digest = digest_number(1);
	int ret;

	wire_put_digest(&writer, &digest);
	wire_put_number(&writer, chunk_count);
	for (size_t i = 0; i < chunk_count; i++) {
		digest = digest_number(i);
		wire_put_digest(&writer, &digest);
		wire_put_number(&writer, frame_bytes);
		wire_put_number(&writer, 1);
	}
	ret = chunk_table_parse(writer.buf.data, writer.buf.size, &table, &err);
	buf_release(&writer.buf);
	return ret;
}

static void
a_pack_has_no_more_than_32_mib(void **state)
{
	(void)state;
	assert_int_equal(parse_pack(32, MIB), 0);
	assert_int_equal(parse_pack(33, MIB), -1);
}

static int
parse_packs(uint64_t count, bool distinct)
{
	struct wire_writer writer = { .buf = BUF_INIT(MIB) };
	AUTO_CHUNK_TABLE struct chunk_table table = { 0 };
	AUTO_ERROR struct error *err = NULL;
	int ret;

	for (uint64_t i = 0; i < count; i++) {
		struct digest digest = digest_number(distinct ? i : 0);

		wire_put_digest(&writer, &digest);
		wire_put_number(&writer, 0);
	}
	ret = chunk_table_parse(writer.buf.data, writer.buf.size, &table, &err);
	buf_release(&writer.buf);
	return ret;
}

static void
packs_have_a_limit_and_come_once(void **state)
{
	(void)state;
	assert_int_equal(parse_packs(CACHE_PACKS_LIMIT_COUNT, true), 0);
	assert_int_equal(parse_packs(CACHE_PACKS_LIMIT_COUNT + 1, true), -1);
	assert_int_equal(parse_packs(2, false), -1);
}

static void
a_frame_is_checked_against_its_digest(void **state)
{
	static const char text[] = "content of a chunk";
	CLEANUP(frame_coder_free_at) struct frame_coder *coder = frame_coder_new();
	struct digest digest = digest_of(DIGEST_SHA256, text, sizeof(text));
	struct digest other = digest_number(1);
	AUTO_ERROR struct error *err = NULL;
	AUTO_ERROR struct error *wrong = NULL;
	AUTO_ERROR struct error *longer = NULL;
	AUTO_ERROR struct error *two = NULL;
	char frame[200];
	char bytes[sizeof(text) + 1];
	size_t size = 0;

	(void)state;
	assert_int_equal(frame_write(coder, text, sizeof(text), frame, 100, &size, &err), 0);
	assert_int_equal(frame_read(coder, frame, size, &digest, bytes, sizeof(text), &err), 0);
	assert_string_equal(bytes, text);
	assert_int_equal(frame_read(coder, frame, size, &other, bytes, sizeof(text), &wrong), -1);
	assert_string_equal(error_class(wrong), "digest");
	assert_int_equal(frame_read(coder, frame, size, &digest, bytes, sizeof(text) + 1, &longer),
			 -1);
	memcpy(frame + size, frame, size);
	assert_int_equal(frame_read(coder, frame, 2 * size, &digest, bytes, sizeof(text), &two),
			 -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_comes_back),
		cmocka_unit_test(a_head_of_another_version_is_refused),
		cmocka_unit_test(a_chunk_is_one_frame_of_its_size),
		cmocka_unit_test(a_head_that_is_cut_or_changed_is_refused),
		cmocka_unit_test(sizes_of_chunks_have_limits),
		cmocka_unit_test(a_pack_has_no_more_than_32_mib),
		cmocka_unit_test(packs_have_a_limit_and_come_once),
		cmocka_unit_test(a_frame_is_checked_against_its_digest),
	};

	return cmocka_run_group_tests_name("index_head", tests, NULL, NULL);
}
