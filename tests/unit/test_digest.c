/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "oci/digest.h"

#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA512_ABC \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static void
digests_agree_with_fips_180_4(void **state)
{
	struct digest empty = digest_of(DIGEST_SHA256, NULL, 0);
	struct digest abc = digest_of(DIGEST_SHA256, "abc", 3);
	struct digest long_abc = digest_of(DIGEST_SHA512, "abc", 3);

	(void)state;
	assert_string_equal(digest_text(&empty).text, "sha256:" SHA256_EMPTY);
	assert_string_equal(digest_text(&abc).text, "sha256:" SHA256_ABC);
	assert_string_equal(digest_text(&long_abc).text, "sha512:" SHA512_ABC);
	assert_string_equal(digest_algorithm_name(abc.algorithm), "sha256");
	assert_string_equal(digest_hex(&abc).text, SHA256_ABC);
	assert_string_equal(digest_hex(&long_abc).text, SHA512_ABC);
}

static void
pieces_hash_like_the_whole(void **state)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA256);
	struct digest abc = digest_of(DIGEST_SHA256, "abc", 3);
	struct digest digest;

	(void)state;
	hasher_add(hasher, "a", 1);
	hasher_add(hasher, "", 0);
	hasher_add(hasher, "bc", 2);
	digest = hasher_finish(hasher);
	assert_true(digest_equal(&digest, &abc));
}

static void
a_reset_hasher_forgets(void **state)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA512);
	struct digest abc = digest_of(DIGEST_SHA512, "abc", 3);
	struct digest digest;

	(void)state;
	hasher_add(hasher, "xyz", 3);
	hasher_reset(hasher);
	hasher_add(hasher, "abc", 3);
	digest = hasher_finish(hasher);
	assert_true(digest_equal(&digest, &abc));
	hasher_reset(hasher);
	hasher_add(hasher, "abc", 3);
	digest = hasher_finish(hasher);
	assert_true(digest_equal(&digest, &abc));
}

static void
text_comes_back_as_it_went(void **state)
{
	static const char *const texts[] = { "sha256:" SHA256_ABC, "sha512:" SHA512_ABC };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct digest digest;

		assert_int_equal(digest_parse(texts[i], &digest, &err), 0);
		assert_string_equal(digest_text(&digest).text, texts[i]);
	}
}

static void
other_texts_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		":",
		"sha256",
		"sha256:",
		SHA256_ABC,
		":" SHA256_ABC,
		"sha256:" SHA256_ABC "0",
		"sha256:" SHA256_ABC "\n",
		" sha256:" SHA256_ABC,
		"SHA256:" SHA256_ABC,
		"a+:" SHA256_ABC,
		"a..b:" SHA256_ABC,
		"blake3:",
		"blake3:../etc/passwd",
		"sha512:" SHA256_ABC,
		"sha256:" SHA512_ABC,
		"sha256::" SHA256_ABC,
		"sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256:../816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct digest digest = { .algorithm = DIGEST_NONE };
		AUTO_ERROR struct error *err = NULL;

		if (digest_parse(texts[i], &digest, &err) == 0)
			fail_msg("'%s' was taken", texts[i]);
		assert_int_equal(error_kind(err), ERROR_CONTENT);
		assert_int_equal(digest.algorithm, DIGEST_NONE);
	}
}

/* Sound or not: nobody can say without the algorithm. */
static void
a_digest_of_another_algorithm_is_unsupported_and_not_wrong(void **state)
{
	static const char *const texts[] = {
		"blake3:" SHA256_ABC,
		"sha1:" SHA256_ABC,
		"md5:d41d8cd98f00b204e9800998ecf8427e",
		"multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
		"a_b-c.d+e:A=_-",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct digest digest = { .algorithm = DIGEST_NONE };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(digest_parse(texts[i], &digest, &err), -1);
		assert_int_equal(error_kind(err), ERROR_FAILURE);
		assert_string_equal(error_class(err), "unsupported");
		assert_int_equal(digest.algorithm, DIGEST_NONE);
	}
}

static void
the_algorithm_is_part_of_the_value(void **state)
{
	struct digest sha256 = { .algorithm = DIGEST_SHA256 };
	struct digest sha512 = { .algorithm = DIGEST_SHA512 };
	struct digest none = { .algorithm = DIGEST_NONE };

	(void)state;
	assert_false(digest_equal(&sha256, &sha512));
	assert_false(digest_equal(&sha256, &none));
	assert_true(digest_equal(&none, &none));
	assert_string_equal(digest_text(&none).text, "");
	sha256.bytes[63] = 1;
	assert_true(digest_equal(&sha256, &(struct digest){ .algorithm = DIGEST_SHA256 }));
	sha256.bytes[31] = 1;
	assert_false(digest_equal(&sha256, &(struct digest){ .algorithm = DIGEST_SHA256 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_agree_with_fips_180_4),
		cmocka_unit_test(pieces_hash_like_the_whole),
		cmocka_unit_test(a_reset_hasher_forgets),
		cmocka_unit_test(text_comes_back_as_it_went),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(a_digest_of_another_algorithm_is_unsupported_and_not_wrong),
		cmocka_unit_test(the_algorithm_is_part_of_the_value),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
