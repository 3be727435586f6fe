/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "oci/index_edit.h"

/* Content is told by one digit, which is every digit of its digest. */
static struct digest
digest_named(char digit)
{
	AUTO_ERROR struct error *err = NULL;
	char text[] = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
	struct digest digest;

	memset(strchr(text, ':') + 1, digit, 64);
	assert_int_equal(digest_parse(text, &digest, &err), 0);
	return digest;
}

/* NULL: no platform. */
static struct descriptor
image(char digit, const char *platform)
{
	AUTO_ERROR struct error *err = NULL;
	struct descriptor entry = { .media_type = xstrdup(MEDIA_OCI_MANIFEST),
				    .digest = digest_named(digit),
				    .size_bytes = 1 };

	entry.has_platform = platform != NULL;
	if (platform)
		assert_int_equal(platform_parse(platform, &entry.platform, &err), 0);
	return entry;
}

static struct descriptor
attestation(char digit, char about)
{
	struct digest digest = digest_named(about);
	struct descriptor entry = image(digit, "unknown/unknown");

	entry.annotations =
		json_pack("{s:s, s:s}", "vnd.docker.reference.type", "attestation-manifest",
			  "vnd.docker.reference.digest", digest_text(&digest).text);
	return entry;
}

static struct descriptor
artifact(char digit)
{
	struct descriptor entry = image(digit, "unknown/unknown");

	entry.artifact_type = xstrdup("application/x");
	return entry;
}

#define TAKE(list, entry) \
	do { \
		struct descriptor taken = entry; \
		descriptors_take(list, &taken); \
	} while (0)

static void
assert_lists(const struct image_index *index, const char *digits)
{
	char found[16] = "";

	for (size_t i = 0; i < index->manifests.count; i++)
		found[i] = digest_hex(&index->manifests.items[i].digest).text[0];
	assert_string_equal(found, digits);
}

static void
put(struct image_index *index, struct descriptor entry)
{
	AUTO_DESCRIPTORS struct descriptors from = { 0 };

	descriptors_take(&from, &entry);
	image_index_put(index, &from.items[0], &from);
}

static void
a_platform_has_one_entry_in_its_old_place(void **state)
{
	AUTO_INDEX struct image_index index = { 0 };

	(void)state;
	put(&index, image('1', "linux/amd64"));
	put(&index, image('2', "linux/arm64"));
	put(&index, image('3', "linux/amd64"));
	assert_lists(&index, "32");
	put(&index, image('4', "linux/arm64/v8"));
	assert_lists(&index, "34");
	put(&index, image('5', "linux/arm/v7"));
	assert_lists(&index, "345");
}

static void
the_same_content_is_listed_once(void **state)
{
	AUTO_INDEX struct image_index index = { 0 };

	(void)state;
	put(&index, image('1', NULL));
	put(&index, image('2', "linux/amd64"));
	put(&index, image('1', "linux/amd64"));
	assert_lists(&index, "1");
}

static void
what_attests_an_image_comes_and_goes_with_it(void **state)
{
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_DESCRIPTORS struct descriptors from = { 0 };

	(void)state;
	TAKE(&from, image('1', "linux/amd64"));
	TAKE(&from, image('2', "linux/arm64"));
	TAKE(&from, attestation('a', '1'));
	TAKE(&from, attestation('b', '2'));
	image_index_put(&index, &from.items[1], &from);
	assert_lists(&index, "2b");
	image_index_put(&index, &from.items[0], &from);
	assert_lists(&index, "2b1a");
	put(&index, image('3', "linux/arm64"));
	assert_lists(&index, "31a");
}

static void
all_of_another_index_is_put_in_without_orphans(void **state)
{
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_DESCRIPTORS struct descriptors from = { 0 };

	(void)state;
	TAKE(&from, attestation('a', '1'));
	TAKE(&from, attestation('b', '9'));
	TAKE(&from, artifact('c'));
	TAKE(&from, image('1', "linux/amd64"));
	image_index_put_all(&index, &from);
	assert_lists(&index, "c1a");
	image_index_put_all(&index, &from);
	assert_lists(&index, "c1a");
}

static void
what_is_taken_out_is_counted(void **state)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_DESCRIPTORS struct descriptors from = { 0 };
	AUTO_PLATFORM struct platform arm = { 0 };
	struct digest first = digest_named('1');

	(void)state;
	TAKE(&from, image('1', "linux/amd64"));
	TAKE(&from, image('2', "linux/arm64"));
	TAKE(&from, attestation('a', '2'));
	image_index_put_all(&index, &from);
	assert_int_equal(platform_parse("linux/arm64", &arm, &err), 0);
	assert_int_equal(image_index_drop_platform(&index, &arm), 2);
	assert_lists(&index, "1");
	assert_int_equal(image_index_drop_platform(&index, &arm), 0);
	assert_int_equal(image_index_drop_digest(&index, &first), 1);
	assert_int_equal(image_index_drop_digest(&index, &first), 0);
	assert_lists(&index, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_platform_has_one_entry_in_its_old_place),
		cmocka_unit_test(the_same_content_is_listed_once),
		cmocka_unit_test(what_attests_an_image_comes_and_goes_with_it),
		cmocka_unit_test(all_of_another_index_is_put_in_without_orphans),
		cmocka_unit_test(what_is_taken_out_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
