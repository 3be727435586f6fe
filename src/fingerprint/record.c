/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

/* The kinds in their order; a file's line does not start with its kind. */
static const char *const kind_names[] = { "", "arg ", "image ", "needs " };

static const char *const headers[] = {
	[SCHEME_TREE] = "ocifp-tree-1\n", [SCHEME_CONCAT] = "ocifp-concat-1\n"
};

static const char *const modes[] = { "100644 ", "100755 ", "120000 " };

static int
refuse(struct error **err, const char *entry)
{
	return error_set(err, ERROR_CONTENT, "invalid entry in a list of inputs: '%s'",
			 QUOTED(entry));
}

static int
parse_header(const char *bytes, enum fingerprint_scheme *ret_scheme, size_t *ret_size,
	     struct error **err)
{
	for (size_t i = 0; i < COUNT_OF(headers); i++) {
		if (text_starts(bytes, headers[i])) {
			*ret_scheme = (enum fingerprint_scheme)i;
			*ret_size = strlen(headers[i]);
			return 0;
		}
	}
	return error_set(err, ERROR_CONTENT, "this is not a list of inputs of a known scheme");
}

/* "<mode> <size> <sha256> <path>": the length of the part before the path, or 0. */
static size_t
file_value_size(const char *entry)
{
	static const size_t mode_size = sizeof("100644 ") - 1;
	bool known = false;
	size_t digits;
	size_t hex;

	for (size_t i = 0; i < COUNT_OF(modes); i++)
		known |= text_starts(entry, modes[i]);
	if (!known)
		return 0;
	digits = strspn(entry + mode_size, "0123456789");
	if (digits == 0 || entry[mode_size + digits] != ' ')
		return 0;
	hex = strspn(entry + mode_size + digits + 1, "0123456789abcdef");
	if (hex != FINGERPRINT_HEX_CHARS || entry[mode_size + digits + 1 + hex] != ' ')
		return 0;
	return mode_size + digits + 1 + hex;
}

static int
parse_file(char *text, struct record_entry *ret_entry, struct error **err)
{
	size_t value_size = file_value_size(text);

	if (value_size == 0 || !text[value_size + 1])
		return refuse(err, text);
	*ret_entry = (struct record_entry){
		.kind = RECORD_FILE,
		.key = text + value_size + 1,
		.value = text,
		.value_size = value_size,
	};
	return 0;
}

/* The separator becomes the end of the key. */
static int
parse_pair(char *text, enum record_kind kind, struct record_entry *ret_entry, struct error **err)
{
	char *key = text + strlen(kind_names[kind]);
	char *separator = strchr(key, kind == RECORD_ARG ? '=' : ' ');

	if (!separator || separator == key)
		return refuse(err, text);
	*separator = '\0';
	*ret_entry = (struct record_entry){
		.kind = kind,
		.key = key,
		.value = separator + 1,
		.value_size = strlen(separator + 1),
	};
	return 0;
}

static int
parse_entry(char *text, struct record_entry *ret_entry, struct error **err)
{
	for (enum record_kind kind = RECORD_ARG; kind <= RECORD_NEEDS; kind++)
		if (text_starts(text, kind_names[kind]))
			return parse_pair(text, kind, ret_entry, err);
	return parse_file(text, ret_entry, err);
}

static size_t
count_entries(const char *bytes, size_t size)
{
	size_t count = 0;

	for (size_t at = 0; at < size; at += strlen(bytes + at) + 1)
		count++;
	return count;
}

int
record_parse(char *bytes, size_t size, struct record *ret_record, struct error **err)
{
	AUTO_RECORD struct record record = { 0 };
	size_t at = 0;

	if (parse_header(bytes, &record.scheme, &at, err) < 0)
		return -1;
	if (at < size && bytes[size - 1])
		return error_set(err, ERROR_CONTENT, "the list of inputs is truncated");
	record.entries = xcalloc(count_entries(bytes + at, size - at) + 1, sizeof(*record.entries));
	while (at < size) {
		char *text = bytes + at;

		at += strlen(text) + 1;
		if (parse_entry(text, &record.entries[record.count], err) < 0)
			return -1;
		record.count++;
	}
	*ret_record = record;
	record = (struct record){ 0 };
	return 0;
}

void
record_release(struct record *record)
{
	free(record->entries);
	*record = (struct record){ 0 };
}

static int
compare_entries(const struct record_entry *a, const struct record_entry *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->key, b->key);
}

static int
compare_sorted(const void *left, const void *right)
{
	return compare_entries(*(const struct record_entry *const *)left,
			       *(const struct record_entry *const *)right);
}

/* The caller frees the array, not the entries; a NULL ends it. */
static const struct record_entry **
sort_entries(const struct record *record)
{
	const size_t size = sizeof(struct record_entry *); /* NOLINT(bugprone-sizeof-expression) */
	const struct record_entry **sorted = xcalloc(record->count + 1, size);

	for (size_t i = 0; i < record->count; i++)
		sorted[i] = &record->entries[i];
	if (record->count > 1)
		qsort(sorted, record->count, size, compare_sorted);
	return sorted;
}

/* Below 0: the next entry of `before` has no partner; above 0: that of `after`. */
static int
compare_next(const struct record_entry *before, const struct record_entry *after)
{
	if (!before)
		return 1;
	return after ? compare_entries(before, after) : -1;
}

/* Reports the first entry of both, if it is a difference. */
static bool
tell(const struct record_entry *before, const struct record_entry *after,
     record_difference *difference, void *context)
{
	if (before && after && before->value_size == after->value_size &&
	    memcmp(before->value, after->value, before->value_size) == 0)
		return false;
	if (before && after)
		difference(context, RECORD_CHANGED, before, after);
	else
		difference(context, before ? RECORD_REMOVED : RECORD_ADDED, before, after);
	return true;
}

size_t
record_compare(const struct record *before, const struct record *after,
	       record_difference *difference, void *context)
{
	AUTO_FREE const struct record_entry **old_entries = sort_entries(before);
	AUTO_FREE const struct record_entry **new_entries = sort_entries(after);
	const struct record_entry **old = old_entries;
	const struct record_entry **new = new_entries;
	size_t count = 0;

	while (*old || *new) {
		int order = compare_next(*old, *new);

		count += tell(order <= 0 ? *old : NULL, order >= 0 ? *new : NULL, difference,
			      context);
		old += order <= 0;
		new += order >= 0;
	}
	return count;
}
