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
#include "oci/document.h"
#include "oci/manifest.h"

#define ABC "\"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""
#define CONFIG "{\"mediaType\":\"" MEDIA_OCI_CONFIG "\",\"digest\":" ABC ",\"size\":3}"
#define LAYER "{\"mediaType\":\"" MEDIA_OCI_LAYER_GZIP "\",\"digest\":" ABC ",\"size\":3}"
#define BODY "\"config\":" CONFIG ",\"layers\":[" LAYER "]"
#define V2 "\"schemaVersion\":2,"
#define TYPE(type) "\"mediaType\":\"" type "\","
#define INDEX_BODY "\"manifests\":[]"

static int
parse(const char *text, const char *said, struct manifest *ret_manifest, struct error **err)
{
	return manifest_parse(text, strlen(text), said, ret_manifest, err);
}

static void
assert_type(const char *text, const char *said, const char *expected)
{
	AUTO_MANIFEST struct manifest manifest = { 0 };
	AUTO_ERROR struct error *err = NULL;

	if (parse(text, said, &manifest, &err) < 0)
		fail_msg("'%s': %s", text, error_text(err));
	assert_string_equal(manifest.media_type, expected);
	assert_int_equal(manifest.layers.count, 1);
}

static void
the_type_comes_from_who_says_it(void **state)
{
	(void)state;
	assert_type("{" V2 BODY "}", NULL, MEDIA_OCI_MANIFEST);
	assert_type("{" V2 BODY "}", "application/json", MEDIA_OCI_MANIFEST);
	assert_type("{" V2 BODY "}", "text/plain; charset=utf-8", MEDIA_OCI_MANIFEST);
	assert_type("{" V2 BODY "}", "", MEDIA_OCI_MANIFEST);
	assert_type("{" V2 BODY "}", MEDIA_DOCKER_MANIFEST, MEDIA_DOCKER_MANIFEST);
	assert_type("{" V2 TYPE(MEDIA_DOCKER_MANIFEST) BODY "}", NULL, MEDIA_DOCKER_MANIFEST);
	assert_type("{" V2 TYPE(MEDIA_OCI_MANIFEST) BODY "}", MEDIA_OCI_MANIFEST "; charset=utf-8",
		    MEDIA_OCI_MANIFEST);
}

struct refusal {
	const char *text;
	const char *said;
	const char *class_name; /* NULL: none */
	const char *message;
};

static const struct refusal refusals[] = {
	{ "{" V2 BODY "," INDEX_BODY "}", NULL, "hybrid", "both 'manifests' and 'layers'" },
	{ "{" V2 TYPE(MEDIA_OCI_MANIFEST) BODY "," INDEX_BODY "}", NULL, "hybrid", "both" },
	{ "{" V2 TYPE(MEDIA_OCI_MANIFEST) INDEX_BODY ",\"config\":" CONFIG "}", NULL, "hybrid",
	  "both 'manifests' and 'config'" },
	{ "{" V2 BODY ",\"fsLayers\":[]}", NULL, "hybrid", "both 'fsLayers' and 'layers'" },
	{ "{" V2 TYPE(MEDIA_OCI_MANIFEST) BODY "}", MEDIA_OCI_INDEX, "hybrid", "calls itself" },
	{ "{" V2 TYPE(MEDIA_OCI_MANIFEST) BODY "}", MEDIA_DOCKER_MANIFEST, "hybrid",
	  "calls itself" },
	{ "{" V2 TYPE(MEDIA_OCI_INDEX) BODY "}", NULL, "hybrid", "fields of a manifest" },
	{ "{" V2 BODY "}", MEDIA_OCI_INDEX, "hybrid", "fields of a manifest" },
	{ "{" V2 INDEX_BODY "}", MEDIA_OCI_MANIFEST, "hybrid", "fields of an index" },
	{ "{" V2 INDEX_BODY "}", NULL, "unsupported", "not an image manifest" },
	{ "{" V2 TYPE("a/b") BODY "}", NULL, "unsupported", "'a/b' is not an image manifest" },
	{ "{" V2 BODY "}", "text/html", "unsupported", "'text/html'" },
	{ "{\"errors\":[]}", NULL, "unsupported", "not an image manifest" },
	{ "{\"schemaVersion\":1,\"fsLayers\":[],\"history\":[]}", NULL, "unsupported", "schema 1" },
	{ "{\"schemaVersion\":1," BODY "}", MEDIA_DOCKER_MANIFEST, "unsupported", "schema 1" },
	{ "{\"schemaVersion\":2,\"fsLayers\":[]}", MEDIA_OCI_MANIFEST, "unsupported", "schema 1" },
	{ "{\"schemaVersion\":1}", NULL, "unsupported", "schema 1" },
	{ "{" V2 BODY "}", MEDIA_DOCKER_SCHEMA1_SIGNED, "unsupported", "schema 1" },
	{ "{\"schemaVersion\":1,\"fsLayers\":[]}", MEDIA_DOCKER_SCHEMA1, "unsupported",
	  "schema 1" },
	{ "{" BODY "}", NULL, "json", "'schemaVersion' is missing" },
	{ "{\"schemaVersion\":3," BODY "}", NULL, NULL, "'schemaVersion' is not 2" },
	{ "{" V2 "\"layers\":[]}", MEDIA_OCI_MANIFEST, "json", "'config' is missing" },
	{ "{" V2 "\"config\":" CONFIG "}", MEDIA_OCI_MANIFEST, "json", "'layers' is missing" },
	{ "{" V2 "\"config\":" CONFIG ",\"layers\":{}}", MEDIA_OCI_MANIFEST, "json",
	  "'layers' is not an array" },
	{ "{" V2 "\"config\":" CONFIG ",\"layers\":[" LAYER ",{}]}", NULL, "json",
	  "layers[1]: 'mediaType' is missing" },
	{ "{" V2 "\"config\":" CONFIG ",\"layers\":[1]}", NULL, NULL, "layers[0]" },
	{ "{" V2 "\"config\":{},\"layers\":[]}", NULL, "json", "config: 'mediaType'" },
	{ "{" V2 BODY ",\"subject\":{}}", NULL, "json", "subject: 'mediaType'" },
	{ "{" V2 BODY ",\"annotations\":{\"a\":1}}", NULL, "json", "'annotations'" },
	{ "{" V2 BODY ",\"config\":" CONFIG "}", NULL, "json", "duplicate" },
	{ "[]", NULL, "json", "not a JSON object" },
	{ "", NULL, "json", "empty" },
};

static void
what_is_no_manifest_is_refused_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *row = &refusals[i];
		struct manifest manifest = { 0 };
		AUTO_ERROR struct error *err = NULL;

		if (parse(row->text, row->said, &manifest, &err) == 0)
			fail_msg("'%s' was taken", row->text);
		assert_int_equal(error_kind(err), ERROR_CONTENT);
		if (!strstr(error_text(err), row->message))
			fail_msg("'%s' gives '%s'", row->text, error_text(err));
		assert_string_equal(error_class(err) ? error_class(err) : "",
				    row->class_name ? row->class_name : "");
		assert_null(manifest.media_type);
	}
}

static void
schema_1_gets_a_hint(void **state)
{
	struct manifest manifest;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(parse("{\"schemaVersion\":1}", NULL, &manifest, &err), -1);
	assert_non_null(strstr(error_hint(err), "push"));
}

static int
parse_layers(size_t count, const char *layer, struct manifest *ret_manifest, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_ERROR struct error *full = NULL;

	assert_int_equal(buf_append_text(&buf, "{" V2 "\"config\":" CONFIG ",\"layers\":[", &full),
			 0);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(buf_append_text(&buf, i > 0 ? "," : "", &full), 0);
		assert_int_equal(buf_append_text(&buf, layer, &full), 0);
	}
	assert_int_equal(buf_append_text(&buf, "]}", &full), 0);
	return manifest_parse(buf.data, buf.size, NULL, ret_manifest, err);
}

static void
the_number_of_layers_has_a_limit(void **state)
{
	static const size_t counts[] = { 0, 1, 100, LAYERS_LIMIT_COUNT };
	struct manifest manifest = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		assert_int_equal(parse_layers(counts[i], LAYER, &manifest, &err), 0);
		assert_int_equal(manifest.layers.count, counts[i]);
		manifest_release(&manifest);
	}
	assert_int_equal(parse_layers(LAYERS_LIMIT_COUNT + 1, LAYER, &manifest, &err), -1);
	assert_string_equal(error_class(err), "limit");
}

static void
sizes_do_not_overflow_together(void **state)
{
	struct manifest manifest = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_ERROR struct error *far_too_much = NULL;

	(void)state;
	assert_int_equal(parse_layers(1,
				      "{\"mediaType\":\"a/b\",\"digest\":" ABC
				      ",\"size\":9223372036854775804}",
				      &manifest, &err),
			 0);
	manifest_release(&manifest);
	assert_int_equal(parse_layers(1,
				      "{\"mediaType\":\"a/b\",\"digest\":" ABC
				      ",\"size\":9223372036854775805}",
				      &manifest, &err),
			 -1);
	assert_int_equal(parse_layers(3,
				      "{\"mediaType\":\"a/b\",\"digest\":" ABC
				      ",\"size\":9223372036854775807}",
				      &manifest, &far_too_much),
			 -1);
}

static void
an_artifact_keeps_its_types(void **state)
{
	static const char text[] =
		"{" V2 TYPE(MEDIA_OCI_MANIFEST) "\"artifactType\":\"x/chart\",\"config\":{"
						"\"mediaType\":\"" MEDIA_OCI_EMPTY
						"\",\"digest\":" ABC ",\"size\":3},\"layers\":[{"
						"\"mediaType\":\"" MEDIA_OCI_LAYER
						"+encrypted\",\"digest\":" ABC ",\"size\":3},{"
						"\"mediaType\":\"x/y\",\"digest\":" ABC
						",\"size\":3}],\"subject\":" LAYER
						",\"annotations\":{\"k\":\"v\"}}";
	AUTO_MANIFEST struct manifest manifest = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(parse(text, NULL, &manifest, &err), 0);
	assert_string_equal(manifest.artifact_type, "x/chart");
	assert_string_equal(manifest.layers.items[0].media_type, MEDIA_OCI_LAYER "+encrypted");
	assert_string_equal(manifest.layers.items[1].media_type, "x/y");
	assert_true(manifest.has_subject);
	assert_string_equal(manifest_annotation(&manifest, "k"), "v");
	assert_null(manifest_annotation(&manifest, "other"));
}

static void
a_manifest_that_we_write_is_read_again_and_always_the_same(void **state)
{
	static const char blob[] =
		"{\"mediaType\":\"x/y\",\"digest\":\"sha256:"
		"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2}";
	AUTO_FREE char *text = xasprintf(
		"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST
		"\",\"artifactType\":\"a/b\",\"config\":%s,\"layers\":[%s,%s],\"subject\":%s,"
		"\"annotations\":{\"a\":\"1\",\"b\":\"2\"}}",
		blob, blob, blob, blob);
	AUTO_FREE char *shuffled = xasprintf(
		"{\"annotations\":{\"b\":\"2\",\"a\":\"1\"},\"subject\":%s,\"layers\":[%s,%s],"
		"\"config\":%s,\"artifactType\":\"a/b\",\"schemaVersion\":2}",
		blob, blob, blob, blob);
	AUTO_MANIFEST struct manifest manifest = { 0 };
	AUTO_FREE char *formatted = NULL;
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(manifest_parse(shuffled, strlen(shuffled), NULL, &manifest, &err), 0);
	formatted = manifest_format(&manifest);
	assert_string_equal(formatted, text);
}

static void
assert_kind(const char *text, const char *said, enum document_kind expected)
{
	enum document_kind kind;
	AUTO_ERROR struct error *err = NULL;
	AUTO_JSON json_t *value = document_parse(text, strlen(text), &err);

	assert_int_equal(manifest_kind(value, said, &kind, &err), 0);
	assert_int_equal(kind, expected);
}

static void
a_kind_is_found_by_type_then_by_content(void **state)
{
	enum document_kind kind = DOCUMENT_OTHER;
	AUTO_ERROR struct error *err = NULL;
	AUTO_JSON json_t *old = document_parse("{\"fsLayers\":[]}", 15, &err);

	(void)state;
	assert_kind("{" V2 BODY "}", NULL, DOCUMENT_MANIFEST);
	assert_kind("{" V2 INDEX_BODY "}", NULL, DOCUMENT_INDEX);
	assert_kind("{" V2 INDEX_BODY "}", MEDIA_DOCKER_INDEX, DOCUMENT_INDEX);
	assert_kind("{" V2 INDEX_BODY "}", "application/octet-stream", DOCUMENT_INDEX);
	assert_kind("{" V2 TYPE("x/y") "\"blobs\":[]}", NULL, DOCUMENT_OTHER);
	assert_kind("{}", NULL, DOCUMENT_OTHER);
	assert_kind("{}", MEDIA_OCI_MANIFEST, DOCUMENT_MANIFEST);
	assert_int_equal(manifest_kind(old, NULL, &kind, &err), -1);
	assert_string_equal(error_class(err), "unsupported");
	assert_int_equal(kind, DOCUMENT_OTHER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_type_comes_from_who_says_it),
		cmocka_unit_test(what_is_no_manifest_is_refused_by_name),
		cmocka_unit_test(schema_1_gets_a_hint),
		cmocka_unit_test(the_number_of_layers_has_a_limit),
		cmocka_unit_test(sizes_do_not_overflow_together),
		cmocka_unit_test(an_artifact_keeps_its_types),
		cmocka_unit_test(a_manifest_that_we_write_is_read_again_and_always_the_same),
		cmocka_unit_test(a_kind_is_found_by_type_then_by_content),
	};

	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
