/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/index.h"

#define ABC "\"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""
#define ENTRY(type, size, more) \
	"{\"mediaType\":\"" type "\",\"digest\":" ABC ",\"size\":" #size more "}"
#define MANIFEST(size, more) ENTRY(MEDIA_OCI_MANIFEST, size, more)
#define PLATFORM(os, architecture) \
	",\"platform\":{\"architecture\":\"" architecture "\",\"os\":\"" os "\"}"
#define VARIANT(architecture, variant) \
	",\"platform\":{\"architecture\":\"" architecture \
	"\",\"os\":\"linux\",\"variant\":\"" variant "\"}"
#define ATTESTATION ",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}"
#define INDEX(entries) "{\"schemaVersion\":2,\"manifests\":[" entries "]}"

static struct image_index
parse(const char *text)
{
	AUTO_ERROR struct error *err = NULL;
	struct image_index index = { 0 };

	if (image_index_parse(text, strlen(text), NULL, &index, &err) < 0)
		fail_msg("'%s': %s", text, error_text(err));
	return index;
}

/* The size of the entry that is found stands for the entry; 0: none. */
static uint64_t
find(const struct image_index *index, const char *wanted)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_PLATFORM struct platform platform = { 0 };
	const struct descriptor *entry;

	assert_int_equal(platform_parse(wanted, &platform, &err), 0);
	entry = image_index_find(index, &platform);
	return entry ? entry->size_bytes : 0;
}

static struct image_index
parse_entries(const char *const *entries, size_t count)
{
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(buf_append_text(&buf, "{\"schemaVersion\":2,\"manifests\":[", &err), 0);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(buf_append_text(&buf, i > 0 ? "," : "", &err), 0);
		assert_int_equal(buf_append_text(&buf, entries[i], &err), 0);
	}
	assert_int_equal(buf_append_text(&buf, "]}", &err), 0);
	return parse(buf.data);
}

static const char *const mixed[] = {
	MANIFEST(1, PLATFORM("unknown", "unknown") ATTESTATION),
	MANIFEST(2, ""),
	MANIFEST(3, PLATFORM("linux", "arm64") ATTESTATION),
	ENTRY("x/y", 4, PLATFORM("linux", "arm64")),
	MANIFEST(5, ",\"artifactType\":\"x/y\"" PLATFORM("linux", "arm64")),
	MANIFEST(6, PLATFORM("linux", "amd64")),
	MANIFEST(7, VARIANT("arm64", "v8")),
	MANIFEST(8, PLATFORM("linux", "arm64")),
	MANIFEST(9, VARIANT("arm", "v5")),
	MANIFEST(10, VARIANT("arm", "v6")),
	MANIFEST(11, PLATFORM("windows", "amd64")),
	MANIFEST(12, PLATFORM("unknown", "unknown")),
};

static const char *const variants[] = {
	MANIFEST(1, VARIANT("amd64", "v2")),
	MANIFEST(2, VARIANT("amd64", "v3")),
	MANIFEST(3, PLATFORM("linux", "amd64")),
};

static void
only_images_fit_and_the_first_of_equals_wins(void **state)
{
	AUTO_INDEX struct image_index index = parse_entries(mixed, 12);
	AUTO_FREE char *platforms = image_index_platforms(&index);

	(void)state;
	assert_int_equal(find(&index, "linux/amd64"), 6);
	assert_int_equal(find(&index, "linux/amd64/v3"), 6);
	assert_int_equal(find(&index, "linux/arm64"), 7);
	assert_int_equal(find(&index, "linux/arm64/v8"), 7);
	assert_int_equal(find(&index, "linux/arm/v7"), 10);
	assert_int_equal(find(&index, "linux/arm/v5"), 9);
	assert_int_equal(find(&index, "windows/amd64"), 11);
	assert_int_equal(find(&index, "linux/s390x"), 0);
	assert_int_equal(find(&index, "unknown/unknown"), 0);
	assert_string_equal(platforms, "linux/amd64, linux/arm64, linux/arm/v5, linux/arm/v6, "
				       "windows/amd64");
}

static void
the_exact_variant_wins_wherever_it_stands(void **state)
{
	AUTO_INDEX struct image_index index = parse_entries(variants, 3);

	(void)state;
	assert_int_equal(find(&index, "linux/amd64"), 3);
	assert_int_equal(find(&index, "linux/amd64/v2"), 1);
	assert_int_equal(find(&index, "linux/amd64/v3"), 2);
	assert_int_equal(find(&index, "linux/amd64/v4"), 2);
}

static void
an_entry_says_whether_it_is_an_image(void **state)
{
	AUTO_INDEX struct image_index index = parse_entries(mixed, 12);
	static const bool expected[] = { false, true, false, false, false, true,
					 true,  true, true,  true,  true,  false };

	(void)state;
	assert_int_equal(index.manifests.count, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < index.manifests.count; i++)
		assert_int_equal(image_index_entry_is_image(&index.manifests.items[i]),
				 expected[i]);
}

static void
an_index_is_formatted_in_one_way(void **state)
{
	static const char text[] =
		"{ \"manifests\": [ {\"size\":7, \"digest\":" ABC ",\"mediaType\":"
		"\"" MEDIA_OCI_MANIFEST "\",\"urls\":[\"https://evil.example\"]} ],\n"
		"\"annotations\":{\"z\":\"1\",\"b\":\"2\"}, \"schemaVersion\":2,"
		"\"subject\":" MANIFEST(8, "") ",\"artifactType\":\"x/y\"}";
	AUTO_INDEX struct image_index index = parse(text);
	AUTO_INDEX struct image_index again = { 0 };
	AUTO_FREE char *formatted = NULL;
	AUTO_FREE char *same = NULL;

	(void)state;
	assert_true(image_index_set_annotation(&index, "a", "3"));
	assert_true(image_index_set_annotation(&index, "b", "4"));
	assert_string_equal(image_index_annotation(&index, "b"), "4");
	assert_null(image_index_annotation(&index, "c"));
	formatted = image_index_format(&index);
	assert_string_equal(
		formatted,
		"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX
		"\",\"artifactType\":\"x/y\",\"manifests\":[" MANIFEST(
			7, "") "],\"subject\":" MANIFEST(8, "") ",\"annotations\":{\"a\":\"3\","
								"\"b\":\"4\",\"z\":\"1\"}}");
	again = parse(formatted);
	same = image_index_format(&again);
	assert_string_equal(same, formatted);
}

#define UNSUPPORTED \
	"{\"mediaType\":\"" MEDIA_OCI_MANIFEST \
	"\",\"digest\":\"blake3:0\",\"size\":9" PLATFORM("linux", "riscv64") ",\"urls\":[]}"

static void
an_entry_with_an_unsupported_digest_is_kept_beside_the_others(void **state)
{
	AUTO_INDEX struct image_index index =
		parse(INDEX(UNSUPPORTED "," MANIFEST(6, PLATFORM("linux", "amd64"))));
	AUTO_FREE char *formatted = image_index_format(&index);

	(void)state;
	assert_int_equal(index.manifests.count, 1);
	assert_int_equal(find(&index, "linux/amd64"), 6);
	assert_int_equal(find(&index, "linux/riscv64"), 0);
	assert_int_equal(json_array_size(index.unsupported), 1);
	assert_non_null(strstr(formatted, "}}," UNSUPPORTED "]"));
}

static void
an_entry_says_whether_it_is_a_document(void **state)
{
	AUTO_INDEX struct image_index index =
		parse(INDEX(MANIFEST(1, "") "," ENTRY(MEDIA_DOCKER_INDEX, 2, "") "," ENTRY(
			"application/octet-stream", 3,
			"") "," ENTRY(MEDIA_OCI_LAYER_GZIP, 4,
				      "") "," ENTRY("application/vnd.buildkit.cacheconfig.v0", 5,
						    "")));

	(void)state;
	for (size_t i = 0; i < index.manifests.count; i++)
		assert_int_equal(image_index_entry_is_document(&index.manifests.items[i]), i < 3);
}

static void
an_index_of_our_own_starts_from_nothing(void **state)
{
	AUTO_INDEX struct image_index index = { 0 };
	AUTO_FREE char *formatted = NULL;

	(void)state;
	assert_true(image_index_set_annotation(&index, "k", "v"));
	assert_false(image_index_set_annotation(&index, "k", "\xff"));
	assert_false(image_index_set_annotation(&index, "other", "\xff"));
	formatted = image_index_format(&index);
	assert_string_equal(formatted, "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX
				       "\",\"manifests\":[],\"annotations\":{\"k\":\"v\"}}");
}

static void
ten_thousand_entries_are_taken(void **state)
{
	AUTO_FREE const char **entries = xcalloc(10000, sizeof(*entries));
	AUTO_INDEX struct image_index index = { 0 };

	(void)state;
	for (size_t i = 0; i < 10000; i++)
		entries[i] = MANIFEST(1, PLATFORM("linux", "amd64"));
	index = parse_entries(entries, 10000);
	assert_int_equal(index.manifests.count, 10000);
}

static void
what_is_no_index_is_refused(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"schemaVersion\":2}",
		"{\"manifests\":[]}",
		"{\"schemaVersion\":3,\"manifests\":[]}",
		"{\"schemaVersion\":1,\"manifests\":[]}",
		"{\"schemaVersion\":2,\"manifests\":{}}",
		"{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}",
		"{\"schemaVersion\":2,\"manifests\":[],\"config\":{}}",
		"{\"schemaVersion\":2,\"manifests\":[],\"fsLayers\":[]}",
		"{\"schemaVersion\":2,\"manifests\":[],\"mediaType\":\"" MEDIA_OCI_MANIFEST "\"}",
		"{\"schemaVersion\":2,\"manifests\":[],\"mediaType\":7}",
		"{\"schemaVersion\":2,\"manifests\":[],\"annotations\":{\"k\":[]}}",
		"{\"schemaVersion\":2,\"manifests\":[],\"subject\":{}}",
		INDEX("{}"),
		INDEX("null"),
		INDEX("[]"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct image_index index = { 0 };
		AUTO_ERROR struct error *err = NULL;

		if (image_index_parse(texts[i], strlen(texts[i]), NULL, &index, &err) == 0)
			fail_msg("'%s' was taken", texts[i]);
		assert_int_equal(error_kind(err), ERROR_CONTENT);
		assert_null(index.media_type);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_images_fit_and_the_first_of_equals_wins),
		cmocka_unit_test(the_exact_variant_wins_wherever_it_stands),
		cmocka_unit_test(an_entry_says_whether_it_is_an_image),
		cmocka_unit_test(an_index_is_formatted_in_one_way),
		cmocka_unit_test(an_entry_with_an_unsupported_digest_is_kept_beside_the_others),
		cmocka_unit_test(an_entry_says_whether_it_is_a_document),
		cmocka_unit_test(an_index_of_our_own_starts_from_nothing),
		cmocka_unit_test(ten_thousand_entries_are_taken),
		cmocka_unit_test(what_is_no_index_is_refused),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
