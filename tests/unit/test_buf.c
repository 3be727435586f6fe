/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/error.h"

static void
takes_bytes_up_to_its_limit(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(4);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(buf_append(&buf, "ab", 2, &err), 0);
	assert_int_equal(buf_append_text(&buf, "cd", &err), 0);
	assert_int_equal(buf.size, 4);
	assert_string_equal(buf.data, "abcd");
}

static void
refuses_one_byte_past_its_limit_and_stays_as_it_was(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(4);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(buf_append(&buf, "abcd", 4, &err), 0);
	assert_int_equal(buf_append(&buf, "e", 1, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_string_equal(error_class(err), "limit");
	assert_string_equal(error_text(err), "more than 4 bytes");
	assert_string_equal(buf.data, "abcd");
	assert_int_equal(buf.size, 4);
}

static void
refuses_a_size_that_would_wrap_around(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(4);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(buf_append(&buf, "ab", 2, &err), 0);
	assert_int_equal(buf_append(&buf, "", SIZE_MAX, &err), -1);
	assert_int_equal(buf.size, 2);
}

static void
holds_nuls_and_ends_with_one_more(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(100);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(buf_append(&buf, "a\0b", 3, &err), 0);
	assert_int_equal(buf.size, 3);
	assert_memory_equal(buf.data, "a\0b\0", 4);
}

static void
becomes_a_string_even_when_nothing_is_appended(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(0);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_null(buf.data);
	assert_int_equal(buf_append(&buf, NULL, 0, &err), 0);
	assert_string_equal(buf.data, "");
	assert_int_equal(buf_append(&buf, "a", 1, &err), -1);
}

static void
keeps_all_bytes_while_it_grows(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(100000);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		char byte = (char)(i % 251);

		assert_int_equal(buf_append(&buf, &byte, 1, &err), 0);
	}
	assert_int_equal(buf.size, 100000);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(buf.data[i], (char)(i % 251));
}

static void
cleared_it_has_room_again(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(4);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	buf_clear(&buf);
	assert_int_equal(buf_append_text(&buf, "abcd", &err), 0);
	buf_clear(&buf);
	assert_int_equal(buf.size, 0);
	assert_string_equal(buf.data, "");
	assert_int_equal(buf_append_text(&buf, "efgh", &err), 0);
	assert_string_equal(buf.data, "efgh");
}

static void
taken_text_is_the_callers(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(4);
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *text = NULL;

	(void)state;
	assert_int_equal(buf_append_text(&buf, "abcd", &err), 0);
	text = buf_take(&buf);
	assert_string_equal(text, "abcd");
	assert_null(buf.data);
	assert_int_equal(buf_append_text(&buf, "wxyz", &err), 0);
	assert_string_equal(text, "abcd");
}

static void
released_twice_is_fine_and_the_limit_stays(void **state)
{
	struct buf buf = BUF_INIT(4);
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(buf_append_text(&buf, "abcd", &err), 0);
	buf_release(&buf);
	buf_release(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.limit, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_bytes_up_to_its_limit),
		cmocka_unit_test(refuses_one_byte_past_its_limit_and_stays_as_it_was),
		cmocka_unit_test(refuses_a_size_that_would_wrap_around),
		cmocka_unit_test(holds_nuls_and_ends_with_one_more),
		cmocka_unit_test(becomes_a_string_even_when_nothing_is_appended),
		cmocka_unit_test(keeps_all_bytes_while_it_grows),
		cmocka_unit_test(cleared_it_has_room_again),
		cmocka_unit_test(taken_text_is_the_callers),
		cmocka_unit_test(released_twice_is_fine_and_the_limit_stays),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
