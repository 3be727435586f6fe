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
#include "oci/document.h"

static void
assert_refused(const char *bytes, size_t size, const char *class_name)
{
	AUTO_ERROR struct error *err = NULL;

	if (document_parse(bytes, size, &err))
		fail_msg("'%.60s' was taken", bytes);
	assert_int_equal(error_kind(err), ERROR_CONTENT);
	assert_string_equal(error_class(err), class_name);
}

static void
what_is_no_strict_json_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"}",
		"[]",
		"\"a\"",
		"1",
		"null",
		"{\"a\":1,}",
		"{\"a\":1,\"a\":2}",
		"{\"a\":{\"digest\":1,\"digest\":1}}",
		"{\"\\u0061\":1,\"a\":2}",
		"{\"a\":1}x",
		"{\"a\":1}{}",
		"{\"a\":1}]",
		"{'a':1}",
		"{a:1}",
		"{\"a\":01}",
		"{\"a\":+1}",
		"{\"a\":NaN}",
		"{\"a\":9223372036854775808}",
		"{\"a\":1e999}",
		"{\"a\":\"\\u0000\"}",
		"{\"\\u0000\":1}",
		"{\"a\":\"\\ud800\"}",
		"{\"a\":\"\\udc00\\ud800\"}",
		"{\"a\":\"\xff\"}",
		"{\"a\":\"\xc0\x80\"}",
		"{\"a\":\"\xed\xa0\x80\"}",
		"{\"a\":\"\xf4\x90\x80\x80\"}",
		"{\"a\":\"\n\"}",
		"{\"a\":\"\\x\"}",
		"{\"a\":\"",
		"{\"a\":\"\\",
		"{/**/\"a\":1}",
		"\xef\xbb\xbf{}",
		"<html><body>404</body></html>",
	};
	static const char utf16[] = "{\0}\0";
	static const char nul[] = "{\"a\":\"\0\"}";

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_refused(texts[i], strlen(texts[i]), "json");
	assert_refused(utf16, sizeof(utf16) - 1, "json");
	assert_refused(nul, sizeof(nul) - 1, "json");
	assert_refused("{}\0", 3, "json");
	assert_refused("\0{}", 3, "json");
}

static void
white_space_around_does_not_count(void **state)
{
	static const char text[] = "\r\n\t {\"a\" : [ 1 , \"\\\"]}\" ] } \n";
	AUTO_ERROR struct error *err = NULL;
	AUTO_JSON json_t *document = document_parse(text, sizeof(text) - 1, &err);

	(void)state;
	assert_non_null(document);
	assert_string_equal(json_string_value(json_array_get(json_object_get(document, "a"), 1)),
			    "\"]}");
}

static void
append(struct buf *buf, const char *text, size_t times)
{
	AUTO_ERROR struct error *err = NULL;

	for (size_t i = 0; i < times; i++)
		assert_int_equal(buf_append_text(buf, text, &err), 0);
}

static void
assert_nesting(const char *open, const char *close, size_t depth, bool fits)
{
	AUTO_BUF struct buf buf = BUF_INIT(MIB);
	AUTO_ERROR struct error *err = NULL;
	AUTO_JSON json_t *document = NULL;

	append(&buf, "{\"a\":", 1);
	append(&buf, open, depth - 2);
	append(&buf, "[]", 1);
	append(&buf, close, depth - 2);
	append(&buf, "}", 1);
	document = document_parse(buf.data, buf.size, &err);
	assert_int_equal(document != NULL, fits);
	if (!fits)
		assert_string_equal(error_class(err), "limit");
}

static void
depth_has_a_limit(void **state)
{
	(void)state;
	assert_nesting("[", "]", JSON_LIMIT_DEPTH, true);
	assert_nesting("[", "]", JSON_LIMIT_DEPTH + 1, false);
	assert_nesting("{\"a\":", "}", JSON_LIMIT_DEPTH, true);
	assert_nesting("{\"a\":", "}", JSON_LIMIT_DEPTH + 1, false);
}

/* An object with `count` values in all, made of `items` in an array. */
static void
assert_values(const char *item, size_t values_an_item, size_t count, bool fits)
{
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_ERROR struct error *err = NULL;
	AUTO_JSON json_t *document = NULL;
	size_t items = (count - 2) / values_an_item;

	append(&buf, "{\"a\":[", 1);
	append(&buf, item, 1);
	for (size_t i = 1; i < items; i++) {
		append(&buf, ",", 1);
		append(&buf, item, 1);
	}
	append(&buf, "]}", 1);
	document = document_parse(buf.data, buf.size, &err);
	assert_int_equal(document != NULL, fits);
	if (!fits)
		assert_string_equal(error_class(err), "limit");
}

static void
values_have_a_limit_and_keys_do_not_count(void **state)
{
	(void)state;
	assert_values("0", 1, JSON_LIMIT_TOKENS, true);
	assert_values("0", 1, JSON_LIMIT_TOKENS + 1, false);
	assert_values("\"\"", 1, JSON_LIMIT_TOKENS, true);
	assert_values("\"\"", 1, JSON_LIMIT_TOKENS + 1, false);
	assert_values("{}", 1, JSON_LIMIT_TOKENS, true);
	assert_values("{}", 1, JSON_LIMIT_TOKENS + 1, false);
	assert_values("{\"a\":true}", 2, JSON_LIMIT_TOKENS, true);
	assert_values("{\"a\":true}", 2, JSON_LIMIT_TOKENS + 2, false);
}

static void
colons_do_not_make_room(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);

	(void)state;
	append(&buf, "{\"a\":[0", 1);
	append(&buf, ",0", JSON_LIMIT_TOKENS);
	append(&buf, "::::", JSON_LIMIT_TOKENS / 4);
	assert_refused(buf.data, buf.size, "limit");
}

static void
structure_inside_strings_is_text(void **state)
{
	AUTO_BUF struct buf buf = BUF_INIT(MIB);
	AUTO_ERROR struct error *err = NULL;
	AUTO_JSON json_t *document = NULL;

	(void)state;
	append(&buf, "{\"a\":\"", 1);
	append(&buf, "\\\"[", JSON_LIMIT_TOKENS + 1);
	append(&buf, "\\\\\"}", 1);
	document = document_parse(buf.data, buf.size, &err);
	assert_non_null(document);
}

struct values {
	const char *text;
	uint64_t number;
	const json_t *object;
	const json_t *array;
	const json_t *strings;
	const json_t *words;
};

static const struct field fields[] = {
	{ "text", FIELD_STRING, false, offsetof(struct values, text) },
	{ "number", FIELD_SIZE, true, offsetof(struct values, number) },
	{ "object", FIELD_OBJECT, false, offsetof(struct values, object) },
	{ "array", FIELD_ARRAY, false, offsetof(struct values, array) },
	{ "strings", FIELD_STRINGS, false, offsetof(struct values, strings) },
	{ "words", FIELD_WORDS, false, offsetof(struct values, words) },
};

static int
read_values(const char *text, struct values *values, struct error **err)
{
	AUTO_JSON json_t *document = document_parse(text, strlen(text), err);
	int status;

	assert_non_null(document);
	status = document_read_fields(document, fields, sizeof(fields) / sizeof(fields[0]), values,
				      err);
	values->text = values->text ? "kept" : NULL;
	return status;
}

static void
fields_are_read_by_table(void **state)
{
	struct values values = { 0 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(read_values("{\"number\":9223372036854775807,\"text\":\"a\",\"array\":[],"
				     "\"object\":{},\"strings\":{\"a\":\"b\"},\"other\":[1]}",
				     &values, &err),
			 0);
	assert_true(values.number == INT64_MAX);
	assert_string_equal(values.text, "kept");
	assert_non_null(values.object);
	assert_non_null(values.array);
	assert_non_null(values.strings);
}

static void
null_counts_as_absent(void **state)
{
	struct values values = { .number = 7 };
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_int_equal(read_values("{\"number\":0,\"text\":null,\"array\":null}", &values, &err),
			 0);
	assert_true(values.number == 0);
	assert_null(values.text);
	assert_null(values.array);
}

/* Go writes null for both. */
static void
an_array_that_must_be_there_may_be_null(void **state)
{
	static const struct field list = { "list", FIELD_ARRAY, true, 0 };
	AUTO_JSON json_t *null = json_pack("{s:n}", "list");
	AUTO_JSON json_t *without = json_object();
	AUTO_ERROR struct error *err = NULL;
	const json_t *array = NULL;

	(void)state;
	assert_int_equal(document_read_fields(null, &list, 1, &array, &err), 0);
	assert_null(array);
	assert_int_equal(document_read_fields(without, &list, 1, &array, &err), -1);
	assert_string_equal(error_text(err), "'list' is missing");
}

static void
a_wrong_field_is_named(void **state)
{
	static const char *const rows[][2] = {
		{ "{}", "'number' is missing" },
		{ "{\"number\":null}", "'number' is missing" },
		{ "{\"number\":-1}", "'number' is not a whole number" },
		{ "{\"number\":1e3}", "'number' is not a whole number" },
		{ "{\"number\":1.0}", "'number' is not a whole number" },
		{ "{\"number\":\"12\"}", "'number' is not a whole number" },
		{ "{\"number\":true}", "'number' is not a whole number" },
		{ "{\"number\":[]}", "'number' is not a whole number" },
		{ "{\"number\":1,\"text\":1}", "'text' is not a string" },
		{ "{\"number\":1,\"object\":[]}", "'object' is not an object" },
		{ "{\"number\":1,\"array\":{}}", "'array' is not an array" },
		{ "{\"number\":1,\"words\":1}", "'words' is not an array or string" },
		{ "{\"number\":1,\"strings\":[]}", "'strings' is not an object of strings" },
		{ "{\"number\":1,\"strings\":{\"a\":1}}", "'strings' is not an object of strings" },
		{ "{\"number\":1,\"strings\":{\"a\":\"\",\"b\":null}}",
		  "'strings' is not an object of strings" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct values values = { 0 };
		AUTO_ERROR struct error *err = NULL;

		assert_int_equal(read_values(rows[i][0], &values, &err), -1);
		assert_int_equal(error_kind(err), ERROR_CONTENT);
		assert_string_equal(error_class(err), "json");
		assert_non_null(strstr(error_text(err), rows[i][1]));
	}
}

static void
a_message_shows_no_control_characters(void **state)
{
	static const char text[] = "{\"a\":\x1b[2J}";
	AUTO_ERROR struct error *err = NULL;

	(void)state;
	assert_null(document_parse(text, sizeof(text) - 1, &err));
	assert_null(strchr(error_text(err), '\x1b'));
}

static void
sorted_strings_make_one_text(void **state)
{
	static const char text[] = "{\"b\":\"2\",\"B\":\"1\",\"a\":\"\\u00e4\",\"\":\"/\"}";
	AUTO_ERROR struct error *err = NULL;
	AUTO_JSON json_t *document = document_parse(text, sizeof(text) - 1, &err);
	AUTO_JSON json_t *sorted = document_sorted(document);
	AUTO_FREE char *formatted = document_format(sorted);

	(void)state;
	assert_string_equal(formatted, "{\"\":\"/\",\"B\":\"1\",\"a\":\"\xc3\xa4\",\"b\":\"2\"}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_strict_json_is_refused),
		cmocka_unit_test(white_space_around_does_not_count),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(values_have_a_limit_and_keys_do_not_count),
		cmocka_unit_test(colons_do_not_make_room),
		cmocka_unit_test(structure_inside_strings_is_text),
		cmocka_unit_test(fields_are_read_by_table),
		cmocka_unit_test(null_counts_as_absent),
		cmocka_unit_test(an_array_that_must_be_there_may_be_null),
		cmocka_unit_test(a_wrong_field_is_named),
		cmocka_unit_test(a_message_shows_no_control_characters),
		cmocka_unit_test(sorted_strings_make_one_text),
	};

	return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
