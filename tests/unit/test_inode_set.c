/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "layer/helper/inode_set.h"

#define MILLION 1000000

static void
it_has_what_was_added_and_nothing_else(void **state)
{
	static const uint64_t inodes[] = { 1, 2, 63, 64, 127, 4096, UINT64_MAX - 1, UINT64_MAX };
	const size_t count = sizeof(inodes) / sizeof(*inodes);
	struct inode_set set = { 0 };

	(void)state;
	assert_false(inode_set_has(&set, 1));
	for (size_t i = 0; i < count; i++) {
		assert_false(inode_set_has(&set, inodes[i]));
		inode_set_add(&set, inodes[i]);
		inode_set_add(&set, inodes[i]);
		assert_true(inode_set_has(&set, inodes[i]));
	}
	for (uint64_t inode = 0; inode < 5000; inode++) {
		bool is_added = false;

		for (size_t i = 0; i < count; i++)
			is_added |= inodes[i] == inode;
		assert_int_equal(inode_set_has(&set, inode), is_added);
	}
	inode_set_release(&set);
	assert_false(inode_set_has(&set, 2));
}

static void
a_million_files_in_a_row_need_little_memory(void **state)
{
	struct inode_set set = { 0 };

	(void)state;
	for (uint64_t inode = 1; inode <= MILLION; inode++)
		inode_set_add(&set, inode);
	assert_true(set.capacity * sizeof(*set.slots) <= MILLION);
	for (uint64_t inode = 1; inode <= MILLION; inode++)
		assert_true(inode_set_has(&set, inode));
	assert_false(inode_set_has(&set, MILLION + 1));
	inode_set_release(&set);
}

static void
files_far_apart_need_a_slot_each(void **state)
{
	struct inode_set set = { 0 };

	(void)state;
	for (uint64_t i = 1; i <= 100000; i++)
		inode_set_add(&set, i << 32);
	assert_int_equal(set.count, 100000);
	for (uint64_t i = 1; i <= 100000; i++)
		assert_true(inode_set_has(&set, i << 32) && !inode_set_has(&set, (i << 32) + 1));
	inode_set_release(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_what_was_added_and_nothing_else),
		cmocka_unit_test(a_million_files_in_a_row_need_little_memory),
		cmocka_unit_test(files_far_apart_need_a_slot_each),
	};

	return cmocka_run_group_tests_name("inode_set", tests, NULL, NULL);
}
