/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/xalloc.h"
#include "cache/format/varint.h"

#define WRITER(most) \
	{ \
		.buf = BUF_INIT(most) \
	}

static void
assert_written(uint64_t number, const char *expected, size_t size)
{
	struct wire_writer writer = WRITER(64);
	struct wire_reader reader;

	wire_put_number(&writer, number);
	assert_int_equal(writer.buf.size, size);
	assert_memory_equal(writer.buf.data, expected, size);
	reader = wire_reader_of(writer.buf.data, writer.buf.size);
	assert_true(wire_get_number(&reader, UINT64_MAX) == number);
	assert_true(wire_at_end(&reader) && !reader.failed);
	buf_release(&writer.buf);
}

static void
numbers_have_one_form(void **state)
{
	(void)state;
	assert_written(0, "\x00", 1);
	assert_written(127, "\x7f", 1);
	assert_written(128, "\x80\x01", 2);
	assert_written(300, "\xac\x02", 2);
	assert_written(UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
}

static void
assert_refused(const char *bytes, size_t size, uint64_t most)
{
	struct wire_reader reader = wire_reader_of(bytes, size);

	assert_true(wire_get_number(&reader, most) == 0);
	assert_true(reader.failed);
}

static void
other_forms_are_refused(void **state)
{
	(void)state;
	assert_refused("", 0, UINT64_MAX);
	assert_refused("\x80", 1, UINT64_MAX);
	assert_refused("\x80\x00", 2, UINT64_MAX);                                  /* 0 in two */
	assert_refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, UINT64_MAX); /* 2^65 */
	assert_refused("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, UINT64_MAX);
}

static void
a_limit_holds_at_it_and_one_past_it(void **state)
{
	struct wire_reader reader = wire_reader_of("\x0a", 1);

	(void)state;
	assert_int_equal(wire_get_number(&reader, 10), 10);
	assert_false(reader.failed);
	assert_refused("\x0b", 1, 10);
}

static void
signed_numbers_go_by_zigzag(void **state)
{
	static const int64_t numbers[] = { 0, -1, 1, INT64_MIN, INT64_MAX };
	struct wire_writer writer = WRITER(64);
	struct wire_reader reader;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		wire_put_signed(&writer, numbers[i]);
	assert_memory_equal(writer.buf.data, "\x00\x01\x02", 3);
	reader = wire_reader_of(writer.buf.data, writer.buf.size);
	for (size_t i = 0; i < 5; i++)
		assert_true(wire_get_signed(&reader) == numbers[i]);
	buf_release(&writer.buf);
}

static void
a_text_holds_no_nul_and_ends_within_the_bytes(void **state)
{
	struct wire_reader good = wire_reader_of("\x02"
						 "ab",
						 3);
	struct wire_reader nul = wire_reader_of("\x02"
						"a\0",
						3);
	struct wire_reader cut = wire_reader_of("\x02"
						"a",
						2);
	struct wire_reader long_one = wire_reader_of("\x02"
						     "ab",
						     3);
	size_t size = 9;

	(void)state;
	assert_memory_equal(wire_get_text(&good, 2, &size), "ab", 2);
	assert_int_equal(size, 2);
	(void)wire_get_text(&nul, 2, &size);
	assert_true(nul.failed && size == 0);
	(void)wire_get_text(&cut, 2, &size);
	assert_true(cut.failed);
	(void)wire_get_text(&long_one, 1, &size);
	assert_true(long_one.failed);
}

static void
a_full_buffer_marks_the_writer(void **state)
{
	struct wire_writer writer = WRITER(2);

	(void)state;
	wire_put_bytes(&writer, "ab", 2);
	assert_false(writer.is_full);
	wire_put_bytes(&writer, "c", 1);
	assert_true(writer.is_full);
	buf_release(&writer.buf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_one_form),
		cmocka_unit_test(other_forms_are_refused),
		cmocka_unit_test(a_limit_holds_at_it_and_one_past_it),
		cmocka_unit_test(signed_numbers_go_by_zigzag),
		cmocka_unit_test(a_text_holds_no_nul_and_ends_within_the_bytes),
		cmocka_unit_test(a_full_buffer_marks_the_writer),
	};

	return cmocka_run_group_tests_name("varint", tests, NULL, NULL);
}
