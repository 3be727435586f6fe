/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/document.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"

static int
refuse(struct error **err, const char *reason)
{
	error_set(err, ERROR_CONTENT, "the document %s", reason);
	return error_set_class(err, CLASS_JSON);
}

/* The end of the string that begins at `at`; past the end if it does not end. */
static size_t
skip_string(const char *bytes, size_t size, size_t at)
{
	for (at++; at < size && bytes[at] != '"'; at++)
		if (bytes[at] == '\\')
			at++;
	return at + 1;
}

static size_t
skip_word(const char *bytes, size_t size, size_t at)
{
	static const char ends[] = "{}[]:,\" \t\r\n";

	while (at < size && !memchr(ends, bytes[at], sizeof(ends) - 1))
		at++;
	return at;
}

struct json_counts {
	size_t depth;
	size_t tokens; /* values; a string is a key once its colon is seen */
};

/* Counts the token at `at` and returns the start of the next one. */
static size_t
count_token(struct json_counts *json_counts, const char *bytes, size_t size, size_t at)
{
	switch (bytes[at]) {
	case '{':
	case '[':
		json_counts->depth++;
		json_counts->tokens++;
		return at + 1;
	case '}':
	case ']':
		json_counts->depth -= json_counts->depth > 0;
		return at + 1;
	case ':':
		json_counts->tokens -= json_counts->tokens > 0;
		return at + 1;
	case ',':
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		return at + 1;
	case '"':
		json_counts->tokens++;
		return skip_string(bytes, size, at);
	default:
		json_counts->tokens++;
		return skip_word(bytes, size, at);
	}
}

/* Counts exactly for a valid document; for others at least up to the byte where a parser stops. */
static int
check_limits(const char *bytes, size_t size, struct error **err)
{
	struct json_counts json_counts = { 0 };
	size_t at = 0;

	while (at < size) {
		at = count_token(&json_counts, bytes, size, at);
		if (json_counts.depth > JSON_LIMIT_DEPTH) {
			error_set(err, ERROR_CONTENT, "the document nests deeper than %d levels",
				  JSON_LIMIT_DEPTH);
			return error_set_class(err, CLASS_LIMIT);
		}
		if (json_counts.tokens > JSON_LIMIT_TOKENS) {
			error_set(err, ERROR_CONTENT, "the document has more than %d values",
				  JSON_LIMIT_TOKENS);
			return error_set_class(err, CLASS_LIMIT);
		}
	}
	return 0;
}

static int
set_syntax_error(struct error **err, const json_error_t *why)
{
	error_set(err, ERROR_CONTENT, "invalid JSON: line %d, column %d: %s", why->line,
		  why->column, QUOTED(why->text));
	return error_set_class(err, CLASS_JSON);
}

json_t *
document_parse(const void *bytes, size_t size, struct error **err)
{
	AUTO_JSON json_t *document = NULL;
	json_error_t why;

	if (size == 0) {
		refuse(err, "is empty");
		return NULL;
	}
	if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
		refuse(err, "begins with a byte order mark");
		return NULL;
	}
	if (check_limits(bytes, size, err) < 0)
		return NULL;
	document = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &why);
	if (!document) {
		set_syntax_error(err, &why);
		return NULL;
	}
	if (!json_is_object(document)) {
		refuse(err, "is not a JSON object");
		return NULL;
	}
	return TAKE_PTR(document);
}

static bool
is_object_of_strings(const json_t *value)
{
	const char *key;
	json_t *item;

	if (!json_is_object(value))
		return false;
	/* The iteration macro does not accept a pointer to const. */
	json_object_foreach ((json_t *)(uintptr_t)value, key, item)
		if (!json_is_string(item))
			return false;
	return true;
}

static bool
has_type(const json_t *value, enum field_type type)
{
	switch (type) {
	case FIELD_STRING:
		return json_is_string(value);
	case FIELD_SIZE:
		return json_is_integer(value) && json_integer_value(value) >= 0;
	case FIELD_OBJECT:
		return json_is_object(value);
	case FIELD_ARRAY:
		return json_is_array(value);
	case FIELD_STRINGS:
		return is_object_of_strings(value);
	case FIELD_WORDS:
		return json_is_array(value) || json_is_string(value);
	}
	return false;
}

static const char *
type_name(enum field_type type)
{
	switch (type) {
	case FIELD_STRING:
		return "a string";
	case FIELD_SIZE:
		return "a whole number from 0 to 2^63-1";
	case FIELD_OBJECT:
		return "an object";
	case FIELD_ARRAY:
		return "an array";
	case FIELD_STRINGS:
		return "an object of strings";
	case FIELD_WORDS:
		return "an array or string";
	}
	return "known type";
}

static void
store_value(const json_t *value, enum field_type type, void *slot)
{
	switch (type) {
	case FIELD_STRING:
		*(const char **)slot = json_string_value(value);
		return;
	case FIELD_SIZE:
		*(uint64_t *)slot = (uint64_t)json_integer_value(value);
		return;
	case FIELD_OBJECT:
	case FIELD_ARRAY:
	case FIELD_STRINGS:
	case FIELD_WORDS:
		*(const json_t **)slot = value;
		return;
	}
}

static int
read_field(const json_t *object, const struct field *field, void *slot, struct error **err)
{
	const json_t *value = json_object_get(object, field->name);

	if (!value || json_is_null(value)) {
		if (!field->mandatory || (value && field->type == FIELD_ARRAY))
			return 0;
		error_set(err, ERROR_CONTENT, "'%s' is missing", field->name);
		return error_set_class(err, CLASS_JSON);
	}
	if (!has_type(value, field->type)) {
		error_set(err, ERROR_CONTENT, "'%s' is not %s", field->name,
			  type_name(field->type));
		return error_set_class(err, CLASS_JSON);
	}
	store_value(value, field->type, slot);
	return 0;
}

int
document_read_fields(const json_t *object, const struct field *fields, size_t field_count,
		     void *ret_struct, struct error **err)
{
	for (size_t i = 0; i < field_count; i++) {
		void *slot = (char *)ret_struct + fields[i].offset;

		if (read_field(object, &fields[i], slot, err) < 0)
			return -1;
	}
	return 0;
}

json_t *
json_strings(const struct strings *strings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < strings->count; i++)
		json_array_append_new(array, json_string(strings->items[i]));
	return array;
}

char *
document_format(const json_t *document)
{
	size_t size = json_dumpb(document, NULL, 0, JSON_COMPACT);
	char *text = xcalloc(1, size + 1);

	(void)json_dumpb(document, text, size, JSON_COMPACT);
	return text;
}

json_t *
document_sorted(const json_t *object)
{
	AUTO_STRINGS struct strings keys = { 0 };
	json_t *sorted = json_object();
	const char *key;
	json_t *value;

	/* The iteration macro does not accept a pointer to const. */
	json_object_foreach ((json_t *)(uintptr_t)object, key, value)
		strings_add(&keys, key);
	strings_sort(&keys);
	for (size_t i = 0; i < keys.count; i++)
		json_object_set(sorted, keys.items[i], json_object_get(object, keys.items[i]));
	return sorted;
}
