/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "layer/helper/entry.h"
#include "layer/helper/layer_reader.h"
#include "layer/helper/ring.h"
#include "layer/helper/sparse_map.h"
#include "tar_file.h"
#include "tree_room.h"

/* Two files of three bytes, which a ring holds with room to spare. */
static struct ring *
ring_of_two_files(void)
{
	struct ring *ring = ring_new();
	struct tar_file *tar = tar_begin("two", "pax");
	AUTO_BUF struct buf bytes = BUF_INIT(MIB);
	AUTO_CLOSE int fd = -1;

	tar_add(tar, "a", "one");
	tar_add(tar, "b", "two");
	tar_end(tar);
	fd = open("two", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_read_all(fd, &bytes, "two", NULL), 0);
	assert_true(ring_write(ring, bytes.data, bytes.size));
	assert_true(ring_end(ring));
	return ring;
}

static void
take_the_first_and_refuse_the_second(struct layer_reader *reader)
{
	for (int past = 0; past < 2; past++) {
		AUTO_ENTRY struct entry entry = { 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(layer_reader_next(reader, &entry, &err), past ? -1 : 1);
		if (past)
			assert_string_equal(error_class(err), "limit");
	}
}

static void
a_layer_has_a_limit_to_its_entries(void **state)
{
	struct ring *ring = ring_of_two_files();
	struct layer_reader reader;

	(void)state;
	assert_int_equal(layer_reader_open(&reader, ring, NULL), 0);
	reader.entry_count = LAYER_ENTRIES_LIMIT_COUNT - 1;
	take_the_first_and_refuse_the_second(&reader);
	layer_reader_release(&reader);
	ring_free(ring);
}

static void
the_files_of_a_layer_have_a_limit_to_their_size(void **state)
{
	struct ring *ring = ring_of_two_files();
	struct layer_reader reader;

	(void)state;
	assert_int_equal(layer_reader_open(&reader, ring, NULL), 0);
	reader.content_bytes = LAYER_UNPACKED_LIMIT_BYTES - strlen("one");
	take_the_first_and_refuse_the_second(&reader);
	layer_reader_release(&reader);
	ring_free(ring);
}

static void
expect_number(const char *field, size_t width, int64_t expected)
{
	uint64_t number = 0;
	bool ok = tar_number_parse((const uint8_t *)field, width, &number);

	assert_int_equal(ok, expected >= 0);
	if (ok)
		assert_int_equal(number, expected);
}

static void
a_number_of_a_header_is_read_as_all_read_it(void **state)
{
	(void)state;
	expect_number("0000644\0", 8, 0644);
	expect_number("   644 \0", 8, 0644);
	expect_number("77777777", 8, 077777777);
	expect_number("12\0junk!", 8, 012);
	expect_number("\0\0\0\0\0\0\0\0", 8, 0);
	expect_number("      \0 ", 8, 0);
	expect_number("\x80\0\0\0\0\0\x01\x02", 8, 0x102);
	expect_number("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12, INT64_MAX);
	expect_number("\x80\0\0\0\x80\0\0\0\0\0\0\0", 12, -1);
	expect_number("\xff\xff\xff\xff\xff\xff\xff\xff", 8, -1);
	expect_number("\0\0\00012\0\0", 8, -1);
	expect_number("0000648\0", 8, -1);
	expect_number("-000644\0", 8, -1);
}

static void
a_map_names_all_of_the_content_and_no_more(void **state)
{
	static const char map[] = "3\n0\n5\n5\n5\n20\n0\n";
	struct sparse_map read = { 0 };

	(void)state;
	assert_int_equal(sparse_map_count_lines(map, sizeof(map) - 1), 7);
	sparse_map_add_lines(&read, map, sizeof(map) - 1);
	assert_true(sparse_map_fits(&read, 20, 10));
	assert_false(sparse_map_fits(&read, 19, 10));
	assert_false(sparse_map_fits(&read, 20, 9));
	assert_int_equal(sparse_map_count_lines("9223372036854775807\n", 20), 0);
	assert_int_equal(sparse_map_count_lines("12", 2), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_of_a_header_is_read_as_all_read_it),
		cmocka_unit_test(a_map_names_all_of_the_content_and_no_more),
		cmocka_unit_test_setup_teardown(a_layer_has_a_limit_to_its_entries, enter_tree,
						leave_tree),
		cmocka_unit_test_setup_teardown(the_files_of_a_layer_have_a_limit_to_their_size,
						enter_tree, leave_tree),
	};

	return cmocka_run_group_tests_name("layer_reader", tests, NULL, NULL);
}
