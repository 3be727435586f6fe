/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "cache/format/artifact.h"

#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_A \
	"sha512:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define HEAD MEDIA_CACHE_INDEX, 100, DIGEST_A

/* The caller owns it. */
static char *
layer(const char *media_type, unsigned long long size, const char *digest)
{
	return xasprintf("{\"mediaType\": \"%s\", \"digest\": \"%s\", \"size\": %llu}", media_type,
			 digest, size);
}

static int
parse(const char *type, const char *layers, struct cache_artifact *artifact, struct error **err)
{
	AUTO_FREE char *text = xasprintf(
		"{\"schemaVersion\": 2, \"mediaType\": \"%s\", \"artifactType\": \"%s\", "
		"\"config\": "
		"{\"mediaType\": \"%s\", \"digest\": \"" DIGEST_A
		"\", \"size\": 2}, \"layers\": [%s], \"annotations\": {\"%s\": \"12\", \"%s\": "
		"\"x\"}}",
		"application/vnd.oci.image.manifest.v1+json", type, MEDIA_CACHE_CONFIG, layers,
		ANNOTATION_CACHE_BYTES, ANNOTATION_CACHE_FILES);

	return cache_artifact_parse(text, strlen(text), artifact, err);
}

static void
assert_refused(const char *type, const char *layers, const char *why)
{
	AUTO_CACHE_ARTIFACT struct cache_artifact artifact = { 0 };
	AUTO_ERROR struct error *err = NULL;

	assert_int_equal(parse(type, layers, &artifact, &err), -1);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	if (!strstr(error_text(err), why))
		fail_msg("'%s' does not say '%s'", error_text(err), why);
}

static void
layers_are_told_apart_by_their_types(void **state)
{
	AUTO_CACHE_ARTIFACT struct cache_artifact artifact = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *head = layer(HEAD);
	AUTO_FREE char *index = layer(MEDIA_CACHE_INDEX_PACK, 1, DIGEST_A);
	AUTO_FREE char *pack = layer(MEDIA_CACHE_PACK, CACHE_PACK_LIMIT_BYTES, DIGEST_A);
	AUTO_FREE char *more = layer(MEDIA_CACHE_EXECUTABLES, 1, DIGEST_A);
	AUTO_FREE char *layers = xasprintf("%s, %s, %s, %s, %s", head, pack, more, index, pack);

	(void)state;
	if (parse(MEDIA_CACHE, layers, &artifact, &err) < 0)
		fail_msg("%s", error_text(err));
	assert_int_equal(artifact.head->size_bytes, 100);
	assert_int_equal(artifact.index_packs.count, 1);
	assert_int_equal(artifact.packs.count, 2);
	assert_int_equal(artifact.executables.count, 1);
	assert_int_equal(artifact.total_bytes, 12);
	assert_int_equal(artifact.file_count, 0);
}

static void
what_breaks_a_rule_is_no_cache(void **state)
{
	AUTO_FREE char *head = layer(HEAD);
	AUTO_FREE char *large = layer(MEDIA_CACHE_PACK, CACHE_PACK_LIMIT_BYTES + 1, DIGEST_A);
	AUTO_FREE char *other = layer("text/plain", 1, DIGEST_A);
	AUTO_FREE char *hash = layer(MEDIA_CACHE_PACK, 1, LONG_A);
	AUTO_FREE char *with_large = xasprintf("%s, %s", head, large);
	AUTO_FREE char *with_other = xasprintf("%s, %s", head, other);
	AUTO_FREE char *with_hash = xasprintf("%s, %s", head, hash);
	AUTO_FREE char *two_heads = xasprintf("%s, %s", head, head);
	AUTO_FREE char *late = xasprintf("%s, %s", hash, head);

	(void)state;
	assert_refused("application/vnd.ocifp.cache.v2", head, "artifactType");
	assert_refused(MEDIA_CACHE, "", "the first layer is not its index");
	assert_refused(MEDIA_CACHE, with_large, "more than 32 MiB");
	assert_refused(MEDIA_CACHE, with_other, "another type");
	assert_refused(MEDIA_CACHE, with_hash, "not named by SHA-256");
	assert_refused(MEDIA_CACHE, two_heads, "another type");
	assert_refused(MEDIA_CACHE, late, "not named by SHA-256");
}

/* One more, and it is refused. */
static void
layers_have_limits(void **state)
{
	AUTO_CACHE_ARTIFACT struct cache_artifact artifact = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_FREE char *index = layer(MEDIA_CACHE_INDEX_PACK, 1, DIGEST_A);
	char *layers = layer(HEAD);
	AUTO_FREE char *one_more = NULL;

	(void)state;
	for (int i = 0; i < CACHE_INDEX_PACKS_LIMIT_COUNT; i++) {
		AUTO_FREE char *before = layers;

		layers = xasprintf("%s, %s", before, index);
	}
	assert_int_equal(parse(MEDIA_CACHE, layers, &artifact, &err), 0);
	one_more = xasprintf("%s, %s", layers, index);
	assert_refused(MEDIA_CACHE, one_more, "too many index packs");
	free(layers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_are_told_apart_by_their_types),
		cmocka_unit_test(what_breaks_a_rule_is_no_cache),
		cmocka_unit_test(layers_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
