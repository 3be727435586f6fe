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
#include "oci/descriptor.h"
#include "oci/document.h"

/* Of "abc". */
#define ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define A "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define AB "sha256:fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603"
#define EMPTY "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEAD "\"mediaType\":\"a/b\",\"digest\":\"" ABC "\",\"size\":3"

static int
parse(const char *text, struct descriptor *ret_descriptor, struct error **err)
{
	AUTO_JSON json_t *object = document_parse(text, strlen(text), err);

	return object ? descriptor_parse(object, ret_descriptor, err) : -1;
}

static void
assert_refused(const char *text)
{
	struct descriptor descriptor = { .size_bytes = 77 };
	AUTO_ERROR struct error *err = NULL;

	if (parse(text, &descriptor, &err) == 0)
		fail_msg("'%s' was taken", text);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_int_equal(descriptor.size_bytes, 77);
	assert_null(descriptor.media_type);
}

static void
every_field_comes_through(void **state)
{
	static const char text[] = "{" HEAD ",\"urls\":[\"https://evil.example\"],\"artifactType\":"
				   "\"x/y\",\"annotations\":{\"k\":\"v\"},\"platform\":{\"os\":"
				   "\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"}}";
	AUTO_DESCRIPTOR struct descriptor descriptor = { 0 };
	AUTO_DESCRIPTOR struct descriptor copy = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_JSON json_t *json = NULL;
	AUTO_FREE char *formatted = NULL;

	(void)state;
	assert_int_equal(parse(text, &descriptor, &err), 0);
	assert_true(descriptor.has_platform);
	assert_string_equal(descriptor_annotation(&descriptor, "k"), "v");
	assert_null(descriptor_annotation(&descriptor, "other"));
	descriptor_copy(&descriptor, &copy);
	descriptor_release(&descriptor);
	json = descriptor_json(&copy);
	formatted = document_format(json);
	assert_string_equal(formatted,
			    "{" HEAD ",\"platform\":{\"architecture\":\"arm64\",\"os\":\"linux\","
			    "\"variant\":\"v8\"},\"artifactType\":\"x/y\","
			    "\"annotations\":{\"k\":\"v\"}}");
}

static void
an_empty_platform_is_none(void **state)
{
	static const char *const texts[] = {
		"{" HEAD "}",
		"{" HEAD ",\"platform\":null}",
		"{" HEAD ",\"platform\":{}}",
		"{" HEAD ",\"platform\":{\"os\":\"\",\"architecture\":\"\"}}",
		"{" HEAD ",\"platform\":{\"os\":\"linux\"}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		AUTO_DESCRIPTOR struct descriptor descriptor = { 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(parse(texts[i], &descriptor, &err), 0);
		assert_false(descriptor.has_platform);
	}
}

static void
a_size_is_a_whole_number(void **state)
{
	static const char *const sizes[] = {
		"-1", "9223372036854775808", "1e3", "\"12\"", "null", "3.0", "[]", "true"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		AUTO_FREE char *text = xasprintf(
			"{\"mediaType\":\"a/b\",\"digest\":\"" ABC "\",\"size\":%s}", sizes[i]);

		assert_refused(text);
	}
	assert_refused("{\"mediaType\":\"a/b\",\"digest\":\"" ABC "\"}");
}

static void
what_names_no_content_is_refused(void **state)
{
	(void)state;
	assert_refused("{}");
	assert_refused("{\"digest\":\"" ABC "\",\"size\":3}");
	assert_refused("{\"mediaType\":\"a/b\",\"size\":3}");
	assert_refused("{\"mediaType\":\"\",\"digest\":\"" ABC "\",\"size\":3}");
	assert_refused("{\"mediaType\":\"a/b\\r\\nX: y\",\"digest\":\"" ABC "\",\"size\":3}");
	assert_refused("{\"mediaType\":\"a/b\",\"digest\":\"md5:/\",\"size\":3}");
	assert_refused("{\"mediaType\":\"a/b\",\"digest\":\"sha256:../../etc\",\"size\":3}");
	assert_refused("{" HEAD ",\"annotations\":{\"k\":1}}");
	assert_refused("{" HEAD ",\"annotations\":[]}");
	assert_refused("{" HEAD ",\"platform\":\"linux/amd64\"}");
	assert_refused("{" HEAD ",\"platform\":{\"os\":1,\"architecture\":\"a\"}}");
	assert_refused("{" HEAD ",\"platform\":{\"os\":\"a\\u001b\",\"architecture\":\"a\"}}");
	assert_refused("{" HEAD ",\"platform\":{\"os\":\"linux\",\"architecture\":\"a/b\"}}");
}

static void
embedded_data_must_be_the_content(void **state)
{
	AUTO_DESCRIPTOR struct descriptor abc = { 0 };
	AUTO_DESCRIPTOR struct descriptor empty = { 0 };
	AUTO_DESCRIPTOR struct descriptor one = { 0 };
	AUTO_DESCRIPTOR struct descriptor two = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(parse("{" HEAD ",\"data\":\"YWJj\"}", &abc, &err), 0);
	assert_int_equal(parse("{\"mediaType\":\"a/b\",\"digest\":\"" EMPTY
			       "\",\"size\":0,\"data\":\"\"}",
			       &empty, &err),
			 0);
	assert_int_equal(parse("{\"mediaType\":\"a/b\",\"digest\":\"" A
			       "\",\"size\":1,\"data\":\"YQ==\"}",
			       &one, &err),
			 0);
	assert_int_equal(parse("{\"mediaType\":\"a/b\",\"digest\":\"" AB
			       "\",\"size\":2,\"data\":\"YWI=\"}",
			       &two, &err),
			 0);
	assert_refused("{" HEAD ",\"data\":\"YWJk\"}");
	assert_refused("{" HEAD ",\"data\":\"\"}");
	assert_refused("{" HEAD ",\"data\":\"YWJ\"}");
	assert_refused("{" HEAD ",\"data\":\"YWI=\"}");
	assert_refused("{" HEAD ",\"data\":\"====\"}");
	assert_refused("{" HEAD ",\"data\":\"!!!!\"}");
	assert_refused("{" HEAD ",\"data\":7}");
	assert_refused("{\"mediaType\":\"a/b\",\"digest\":\"" ABC
		       "\",\"size\":4,\"data\":\"YWJj\"}");
}

static void
a_list_grows_and_keeps_its_order(void **state)
{
	AUTO_DESCRIPTORS struct descriptors list = { 0 };
	struct descriptor item = { .media_type = (char *)(uintptr_t) "a/b" };

	(void)state;
	for (item.size_bytes = 0; item.size_bytes < 9; item.size_bytes++)
		descriptors_add(&list, &item);
	assert_int_equal(list.count, 9);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(list.items[i].size_bytes, i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_comes_through),
		cmocka_unit_test(an_empty_platform_is_none),
		cmocka_unit_test(a_size_is_a_whole_number),
		cmocka_unit_test(what_names_no_content_is_refused),
		cmocka_unit_test(embedded_data_must_be_the_content),
		cmocka_unit_test(a_list_grows_and_keeps_its_order),
	};

	return cmocka_run_group_tests_name("descriptor", tests, NULL, NULL);
}
