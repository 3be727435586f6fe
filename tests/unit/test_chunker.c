/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "cache/format/chunker.h"
#include "oci/digest.h"

/* The digests of "0", "1", "2" ... one behind another: nobody chose these bytes. */
static uint8_t *
make_bytes(size_t size)
{
	uint8_t *bytes = xcalloc(1, size + 32);

	for (size_t i = 0; i * 32 < size; i++) {
		char text[24];
		int length = snprintf(text, sizeof(text), "%zu", i);
		struct digest digest = digest_of(DIGEST_SHA256, text, (size_t)length);

		memcpy(bytes + i * 32, digest.bytes, 32);
	}
	return bytes;
}

static void
assert_cuts(const struct chunk_sizes *sizes, const uint8_t *bytes, size_t size,
	    const size_t *expected, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t cut = chunk_cut(sizes, bytes, size);

		assert_int_equal(cut, expected[i]);
		bytes += cut;
		size -= cut;
	}
	assert_int_equal(size, 0);
}

#define ASSERT_CUTS(sizes, bytes, size, expected) \
	assert_cuts(sizes, bytes, size, expected, sizeof(expected) / sizeof((expected)[0]))

/* From another program, written after chunker.h. */
static void
content_is_cut_where_it_always_was(void **state)
{
	static const size_t expected[] = { 333725, 288486, 166122, 348000, 421447,
					   395092, 307765, 328765, 324661, 231665 };
	AUTO_FREE uint8_t *bytes = make_bytes(3 * MIB);

	(void)state;
	ASSERT_CUTS(&content_chunks, bytes, 3 * MIB, expected);
}

static void
an_index_is_cut_where_it_always_was(void **state)
{
	static const size_t expected[] = { 16744, 18146, 4702,  21073, 4553,  6563,
					   17668, 35310, 18830, 18725, 21880, 15806 };
	AUTO_FREE uint8_t *bytes = make_bytes(200000);

	(void)state;
	ASSERT_CUTS(&index_chunks, bytes, 200000, expected);
}

static void
a_chunk_without_a_cut_ends_at_the_limit(void **state)
{
	static const size_t expected[] = { MIB, MIB, MIB / 2 };
	AUTO_FREE uint8_t *zeros = xcalloc(1, 5 * MIB / 2);

	(void)state;
	ASSERT_CUTS(&content_chunks, zeros, 5 * MIB / 2, expected);
}

static void
less_than_the_least_is_one_chunk(void **state)
{
	AUTO_FREE uint8_t *bytes = make_bytes(64 * KIB + 1);

	(void)state;
	assert_int_equal(chunk_cut(&content_chunks, bytes, 1), 1);
	assert_int_equal(chunk_cut(&content_chunks, bytes, 64 * KIB), 64 * KIB);
	assert_int_equal(chunk_cut(&content_chunks, bytes, 64 * KIB + 1), 64 * KIB + 1);
}

static void
behind_an_insertion_cuts_meet_again(void **state)
{
	AUTO_FREE uint8_t *bytes = make_bytes(3 * MIB);
	AUTO_FREE uint8_t *longer = xcalloc(1, 3 * MIB + 1);
	size_t first = chunk_cut(&content_chunks, bytes, 3 * MIB);

	(void)state;
	memcpy(longer + 1, bytes, 3 * MIB);
	assert_int_equal(chunk_cut(&content_chunks, longer, 3 * MIB + 1), first + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_is_cut_where_it_always_was),
		cmocka_unit_test(an_index_is_cut_where_it_always_was),
		cmocka_unit_test(a_chunk_without_a_cut_ends_at_the_limit),
		cmocka_unit_test(less_than_the_least_is_one_chunk),
		cmocka_unit_test(behind_an_insertion_cuts_meet_again),
	};

	return cmocka_run_group_tests_name("chunker", tests, NULL, NULL);
}
