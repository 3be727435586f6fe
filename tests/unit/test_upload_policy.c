/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "registry/upload/policy.h"

static struct upload_policy
fresh(void)
{
	struct upload_policy policy;

	upload_policy_init(&policy);
	return policy;
}

static void
a_blob_of_any_size_goes_whole_at_first(void **state)
{
	struct upload_policy policy = fresh();

	(void)state;
	assert_true(policy.whole_limit_bytes == UINT64_MAX);
	assert_int_equal(policy.chunk_limit_bytes, UPLOAD_CHUNK_BYTES);
}

static void
a_body_that_is_too_large_becomes_chunks_and_so_do_later_ones(void **state)
{
	struct upload_policy policy = fresh();

	(void)state;
	assert_true(upload_policy_refuse_whole(&policy, 413, 500 * MIB, 0));
	assert_int_equal(policy.chunk_limit_bytes, UPLOAD_CHUNK_BYTES);
	assert_int_equal(policy.whole_limit_bytes, UPLOAD_CHUNK_BYTES);
	assert_true(upload_policy_refuse_chunk(&policy, UPLOAD_CHUNK_BYTES, 0));
	assert_int_equal(policy.chunk_limit_bytes, 16 * MIB);
	assert_int_equal(policy.whole_limit_bytes, 16 * MIB);
}

static void
a_stated_limit_is_kept_to(void **state)
{
	struct upload_policy policy = fresh();

	(void)state;
	assert_true(upload_policy_refuse_chunk(&policy, UPLOAD_CHUNK_BYTES, 4 * MIB));
	assert_int_equal(policy.chunk_limit_bytes, 4 * MIB);
	/* It was said of a PATCH. */
	assert_true(policy.whole_limit_bytes == UINT64_MAX);
}

static void
a_limit_that_is_stated_above_what_was_refused_is_no_help(void **state)
{
	struct upload_policy policy = fresh();

	(void)state;
	assert_true(upload_policy_refuse_chunk(&policy, 4 * MIB, 4 * MIB));
	assert_int_equal(policy.chunk_limit_bytes, MIB);
}

static void
a_put_without_a_body_is_all_that_some_take(void **state)
{
	struct upload_policy policy = fresh();

	(void)state;
	assert_true(upload_policy_refuse_whole(&policy, 405, 1, 0));
	assert_int_equal(policy.whole_limit_bytes, 0);
	assert_int_equal(policy.chunk_limit_bytes, UPLOAD_CHUNK_BYTES);
	assert_false(upload_policy_refuse_whole(&policy, 405, 0, 0));
}

static void
nothing_is_tried_below_the_floor(void **state)
{
	struct upload_policy policy = fresh();
	unsigned steps = 0;

	(void)state;
	while (upload_policy_refuse_chunk(&policy, policy.chunk_limit_bytes, 0))
		steps++;
	assert_int_equal(steps, 4);
	assert_int_equal(policy.chunk_limit_bytes, UPLOAD_CHUNK_FLOOR_BYTES);
	policy = fresh();
	assert_true(upload_policy_refuse_chunk(&policy, MIB, UPLOAD_CHUNK_FLOOR_BYTES));
	policy = fresh();
	assert_false(upload_policy_refuse_chunk(&policy, MIB, UPLOAD_CHUNK_FLOOR_BYTES - 1));
	assert_false(upload_policy_refuse_whole(&policy, 413, UPLOAD_CHUNK_FLOOR_BYTES, 0));
	assert_true(upload_policy_refuse_whole(&policy, 413, UPLOAD_CHUNK_FLOOR_BYTES + 1, 0));
}

static void
two_uploads_that_meet_a_limit_at_once_make_one_step(void **state)
{
	struct upload_policy policy = fresh();

	(void)state;
	assert_true(upload_policy_refuse_chunk(&policy, UPLOAD_CHUNK_BYTES, 0));
	assert_true(upload_policy_refuse_chunk(&policy, UPLOAD_CHUNK_BYTES, 0));
	assert_int_equal(policy.chunk_limit_bytes, 16 * MIB);
}

static void
one_small_body_finds_out_whether_a_post_may_have_one(void **state)
{
	struct upload_policy policy = fresh();

	(void)state;
	assert_false(upload_policy_try_single(&policy, 100)); /* may we push at all? */
	policy.has_opened = true;
	assert_false(upload_policy_try_single(&policy, SINGLE_POST_LIMIT_BYTES + 1));
	assert_false(upload_policy_try_single(&policy, 0));
	assert_true(upload_policy_try_single(&policy, SINGLE_POST_LIMIT_BYTES));
	assert_false(upload_policy_try_single(&policy, 100)); /* not before the answer */
	upload_policy_note_single(&policy);
	assert_true(upload_policy_try_single(&policy, 100));
	assert_true(upload_policy_try_single(&policy, 100));
	assert_false(upload_policy_try_single(&policy, SINGLE_POST_LIMIT_BYTES + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_blob_of_any_size_goes_whole_at_first),
		cmocka_unit_test(a_body_that_is_too_large_becomes_chunks_and_so_do_later_ones),
		cmocka_unit_test(a_stated_limit_is_kept_to),
		cmocka_unit_test(a_limit_that_is_stated_above_what_was_refused_is_no_help),
		cmocka_unit_test(a_put_without_a_body_is_all_that_some_take),
		cmocka_unit_test(nothing_is_tried_below_the_floor),
		cmocka_unit_test(two_uploads_that_meet_a_limit_at_once_make_one_step),
		cmocka_unit_test(one_small_body_finds_out_whether_a_post_may_have_one),
	};

	return cmocka_run_group_tests_name("upload_policy", tests, NULL, NULL);
}
