/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/limits.h"
#include "oci/media_type.h"

static void
documents_are_known_by_their_type(void **state)
{
	(void)state;
	assert_int_equal(media_type_kind(MEDIA_OCI_MANIFEST), DOCUMENT_MANIFEST);
	assert_int_equal(media_type_kind(MEDIA_DOCKER_MANIFEST), DOCUMENT_MANIFEST);
	assert_int_equal(media_type_kind(MEDIA_OCI_INDEX), DOCUMENT_INDEX);
	assert_int_equal(media_type_kind(MEDIA_DOCKER_INDEX), DOCUMENT_INDEX);
	assert_int_equal(media_type_kind(MEDIA_DOCKER_SCHEMA1), DOCUMENT_SCHEMA1);
	assert_int_equal(media_type_kind(MEDIA_DOCKER_SCHEMA1_SIGNED), DOCUMENT_SCHEMA1);
	assert_int_equal(media_type_kind("application/json"), DOCUMENT_OTHER);
	assert_int_equal(media_type_kind(""), DOCUMENT_OTHER);
}

static void
parameters_and_case_do_not_count(void **state)
{
	(void)state;
	assert_int_equal(media_type_kind(MEDIA_OCI_INDEX "; charset=utf-8"), DOCUMENT_INDEX);
	assert_int_equal(media_type_kind(MEDIA_OCI_INDEX ";charset=utf-8"), DOCUMENT_INDEX);
	assert_int_equal(media_type_kind(MEDIA_OCI_INDEX " ; q=1"), DOCUMENT_INDEX);
	assert_int_equal(media_type_kind("Application/VND.oci.image.INDEX.v1+json"),
			 DOCUMENT_INDEX);
	assert_int_equal(media_type_kind(MEDIA_OCI_INDEX "x"), DOCUMENT_OTHER);
	assert_int_equal(media_type_kind(MEDIA_OCI_INDEX "\n"), DOCUMENT_OTHER);
}

static void
layers_that_cannot_be_unpacked_have_no_compression(void **state)
{
	static const char *const others[] = {
		MEDIA_OCI_LAYER_GZIP "+encrypted",
		MEDIA_OCI_LAYER "+encrypted",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
		"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
		"application/vnd.example.chart",
		MEDIA_OCI_CONFIG,
	};

	(void)state;
	assert_int_equal(media_type_compression(MEDIA_OCI_LAYER), COMPRESSION_NONE);
	assert_int_equal(media_type_compression(MEDIA_DOCKER_LAYER), COMPRESSION_NONE);
	assert_int_equal(media_type_compression(MEDIA_OCI_LAYER_GZIP), COMPRESSION_GZIP);
	assert_int_equal(media_type_compression(MEDIA_DOCKER_LAYER_GZIP), COMPRESSION_GZIP);
	assert_int_equal(media_type_compression(MEDIA_OCI_LAYER_ZSTD), COMPRESSION_ZSTD);
	assert_int_equal(media_type_compression(MEDIA_DOCKER_LAYER_ZSTD), COMPRESSION_ZSTD);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_int_equal(media_type_compression(others[i]), COMPRESSION_UNKNOWN);
	assert_true(media_type_is_config(MEDIA_OCI_CONFIG));
	assert_true(media_type_is_config(MEDIA_DOCKER_CONFIG));
	assert_false(media_type_is_config(MEDIA_OCI_EMPTY));
}

static void
a_media_type_is_fit_for_a_header(void **state)
{
	(void)state;
	assert_true(media_type_is_valid("a/b"));
	assert_true(media_type_is_valid(MEDIA_OCI_MANIFEST));
	assert_false(media_type_is_valid(""));
	assert_false(media_type_is_valid("a"));
	assert_false(media_type_is_valid("/b"));
	assert_false(media_type_is_valid("a/"));
	assert_false(media_type_is_valid("a/b\r\nX: y"));
	assert_false(media_type_is_valid("a/\xc3\xa4"));
}

static void
a_media_type_has_a_limit(void **state)
{
	char text[MEDIA_TYPE_LIMIT_CHARS + 2] = "a/";

	(void)state;
	memset(text + 2, 'x', sizeof(text) - 3);
	assert_false(media_type_is_valid(text));
	text[MEDIA_TYPE_LIMIT_CHARS] = '\0';
	assert_true(media_type_is_valid(text));
}

static void
a_type_has_a_twin_in_the_other_family(void **state)
{
	(void)state;
	assert_string_equal(media_type_in(MEDIA_OCI_INDEX, MEDIA_FAMILY_DOCKER),
			    MEDIA_DOCKER_INDEX);
	assert_string_equal(media_type_in(MEDIA_DOCKER_LAYER_GZIP, MEDIA_FAMILY_OCI),
			    MEDIA_OCI_LAYER_GZIP);
	assert_string_equal(media_type_in(MEDIA_DOCKER_CONFIG, MEDIA_FAMILY_DOCKER),
			    MEDIA_DOCKER_CONFIG);
	assert_string_equal(media_type_in(MEDIA_DOCKER_CONFIG, MEDIA_FAMILY_KEPT),
			    MEDIA_DOCKER_CONFIG);
	assert_string_equal(media_type_in("a/b", MEDIA_FAMILY_OCI), "a/b");
	assert_int_equal(media_type_family(MEDIA_DOCKER_INDEX), MEDIA_FAMILY_DOCKER);
	assert_int_equal(media_type_family(MEDIA_OCI_MANIFEST), MEDIA_FAMILY_OCI);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_known_by_their_type),
		cmocka_unit_test(parameters_and_case_do_not_count),
		cmocka_unit_test(layers_that_cannot_be_unpacked_have_no_compression),
		cmocka_unit_test(a_media_type_is_fit_for_a_header),
		cmocka_unit_test(a_media_type_has_a_limit),
		cmocka_unit_test(a_type_has_a_twin_in_the_other_family),
	};

	return cmocka_run_group_tests_name("media type", tests, NULL, NULL);
}
