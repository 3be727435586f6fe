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
#include "layer/entry.h"
#include "layer/layer_reader.h"
#include "layer/ring.h"
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_layer_has_a_limit_to_its_entries, enter_tree,
						leave_tree),
		cmocka_unit_test_setup_teardown(the_files_of_a_layer_have_a_limit_to_their_size,
						enter_tree, leave_tree),
	};

	return cmocka_run_group_tests_name("layer_reader", tests, NULL, NULL);
}
