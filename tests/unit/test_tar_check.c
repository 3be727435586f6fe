#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/xalloc.h"
#include "layer/tar_check.h"
#include "layer/tar_header.h"
#include "stream/sink.h"

static uint8_t block[TAR_BLOCK_BYTES * 2];

static void
make_header(void)
{
	struct tar_member member = { .type = TAR_FILE, .name = "f" };
	struct buf none = { 0 };
	AUTO_ERROR struct error *err = NULL;

	memset(block, 0, sizeof(block));
	assert_int_equal(tar_header_make(&member, block, &none, &err), 0);
}

/* In pieces of `step` bytes. */
static void
assert_judged(size_t size, size_t step, bool is_tar)
{
	AUTO_SINK struct sink *sink = sink_tar_check(sink_null());
	AUTO_ERROR struct error *err = NULL;
	int ret = 0;

	for (size_t at = 0; at < size && ret == 0; at += step)
		ret = sink_write(sink, block + at, size - at < step ? size - at : step, &err);
	if (ret == 0)
		ret = sink_finish(sink, &err);
	assert_int_equal(ret, is_tar ? 0 : -1);
	if (!is_tar)
		assert_string_equal(error_class(err), "tar");
}

static void
a_header_that_is_sound_starts_a_tar(void **state)
{
	(void)state;
	make_header();
	assert_judged(sizeof(block), sizeof(block), true);
	assert_judged(sizeof(block), 100, true);
	assert_judged(TAR_BLOCK_BYTES, 1, true);
}

static void
so_do_zeros(void **state)
{
	(void)state;
	memset(block, 0, sizeof(block));
	assert_judged(sizeof(block), 512, true);
}

static void
one_bit_makes_it_none(void **state)
{
	(void)state;
	make_header();
	block[0] ^= 1;
	assert_judged(sizeof(block), sizeof(block), false);
	assert_judged(sizeof(block), 7, false);
}

static void
a_checksum_may_be_written_in_other_ways(void **state)
{
	unsigned sum;
	char text[9];

	(void)state;
	make_header();
	assert_int_equal(sscanf((const char *)block + 148, "%o", &sum), 1);
	(void)snprintf(text, sizeof(text), "%7o ", sum);
	memcpy(block + 148, text, 8);
	assert_judged(sizeof(block), 512, true);
	(void)snprintf(text, sizeof(text), "%08o", sum);
	memcpy(block + 148, text, 8);
	assert_judged(sizeof(block), 512, true);
}

static void
less_than_whole_blocks_is_no_tar(void **state)
{
	(void)state;
	make_header();
	assert_judged(0, 1, false);
	assert_judged(TAR_BLOCK_BYTES - 1, 100, false);
	assert_judged(TAR_BLOCK_BYTES + 1, 100, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_that_is_sound_starts_a_tar),
		cmocka_unit_test(so_do_zeros),
		cmocka_unit_test(one_bit_makes_it_none),
		cmocka_unit_test(a_checksum_may_be_written_in_other_ways),
		cmocka_unit_test(less_than_whole_blocks_is_no_tar),
	};

	return cmocka_run_group_tests_name("tar_check", tests, NULL, NULL);
}
