/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "cache/transfer/pack_plan.h"

static void
plan(struct pack_use *packs, size_t count, uint64_t new_bytes)
{
	const struct pack_limits limits = { CACHE_PACK_LIMIT_BYTES, 8, new_bytes, 0 };

	pack_plan(packs, count, &limits);
}

static void
a_pack_without_a_live_chunk_is_dropped(void **state)
{
	struct pack_use packs[] = { { .stored_bytes = MIB }, { MIB, MIB, false, false } };

	(void)state;
	plan(packs, 2, 0);
	assert_false(packs[0].is_kept || packs[0].is_rewritten);
	assert_true(packs[1].is_kept);
}

static void
dead_bytes_that_make_it_too_large_are_collected(void **state)
{
	const struct pack_limits limits = { CACHE_PACK_LIMIT_BYTES, 8, 0, 9 * MIB };
	struct pack_use packs[] = { { 5 * MIB, 5 * MIB, false, false },
				    { 5 * MIB, 4 * MIB, false, false } };

	(void)state;
	plan(packs, 2, 0);
	assert_true(packs[1].is_kept);
	pack_plan(packs, 2, &limits);
	assert_true(packs[0].is_kept);
	assert_true(packs[1].is_rewritten);
}

static void
one_pack_too_many_joins_the_small_ones(void **state)
{
	struct pack_use packs[8];

	(void)state;
	for (size_t i = 0; i < 8; i++)
		packs[i] = (struct pack_use){ MIB << (i / 4), MIB << (i / 4), false, false };
	plan(packs, 7, MIB);
	for (size_t i = 0; i < 7; i++)
		assert_true(packs[i].is_kept);
	plan(packs, 8, MIB);
	for (size_t i = 0; i < 8; i++)
		assert_true(packs[i].is_rewritten);
	packs[7] = (struct pack_use){ 16 * MIB, 16 * MIB, false, false };
	plan(packs, 8, MIB);
	assert_true(packs[6].is_rewritten && packs[7].is_kept);
}

static void
nothing_new_rewrites_nothing(void **state)
{
	struct pack_use packs[] = { { KIB, KIB, false, false }, { MIB, MIB, false, false } };

	(void)state;
	plan(packs, 2, 0);
	assert_true(packs[0].is_kept && packs[1].is_kept);
}

static void
too_many_packs_become_fewer(void **state)
{
	struct pack_use packs[20];
	size_t kept = 0;

	(void)state;
	for (size_t i = 0; i < 20; i++)
		packs[i] = (struct pack_use){ 20 * MIB + i, 20 * MIB + i, false, false };
	plan(packs, 20, 1);
	for (size_t i = 0; i < 20; i++)
		kept += packs[i].is_kept;
	assert_int_equal(kept, 20); /* 400 MiB: 32 are allowed */
	for (size_t i = 0; i < 20; i++)
		packs[i] = (struct pack_use){ MIB << (i % 2), MIB << (i % 2), false, false };
	plan(packs, 20, 1);
	kept = 0;
	for (size_t i = 0; i < 20; i++)
		kept += packs[i].is_kept;
	assert_true(kept + 1 <= 8);
}

static void
dead_bytes_are_bounded(void **state)
{
	struct pack_use packs[] = { { 32 * MIB, 10 * MIB, false, false },
				    { 32 * MIB, 32 * MIB, false, false },
				    { 32 * MIB, 20 * MIB, false, false } };

	(void)state;
	plan(packs, 3, 1);
	assert_true(packs[0].is_rewritten);
	assert_true(packs[1].is_kept && packs[2].is_kept);
}

/* A thousand saves of a little each: what a restore has to fetch, and what saves wrote. */
static void
many_saves_stay_within_the_bounds(void **state)
{
	struct pack_use packs[400] = { { 0 } };
	size_t count = 0;
	uint64_t written = 0;
	uint64_t added = 0;

	(void)state;
	for (int save = 0; save < 1000; save++) {
		uint64_t fresh = (64 + (uint64_t)(save * 37 % 400)) * KIB;
		uint64_t whole = fresh;
		uint64_t live = 0;
		size_t left = 0;

		plan(packs, count, fresh);
		for (size_t i = 0; i < count; i++) {
			if (packs[i].is_rewritten)
				whole += packs[i].live_bytes;
			if (packs[i].is_kept)
				packs[left++] = packs[i];
		}
		added += fresh;
		written += whole;
		for (; whole > 0; left++) {
			uint64_t part =
				whole < CACHE_PACK_LIMIT_BYTES ? whole : CACHE_PACK_LIMIT_BYTES;

			packs[left] = (struct pack_use){ part, part, false, false };
			whole -= part;
		}
		count = left;
		for (size_t i = 0; i < count; i++)
			live += packs[i].live_bytes;
		assert_true(count <= 2 * (live / CACHE_PACK_LIMIT_BYTES) + 8);
	}
	assert_true(written <= 4 * added);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pack_without_a_live_chunk_is_dropped),
		cmocka_unit_test(dead_bytes_that_make_it_too_large_are_collected),
		cmocka_unit_test(one_pack_too_many_joins_the_small_ones),
		cmocka_unit_test(nothing_new_rewrites_nothing),
		cmocka_unit_test(too_many_packs_become_fewer),
		cmocka_unit_test(dead_bytes_are_bounded),
		cmocka_unit_test(many_saves_stay_within_the_bounds),
	};

	return cmocka_run_group_tests_name("pack_plan", tests, NULL, NULL);
}
