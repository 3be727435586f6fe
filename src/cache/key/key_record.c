/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/key/key_record.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

static const char magic[] = "ocifp-cache-record 1\n";

void
cache_record_add(struct strings *facts, const char *kind, const char *format, ...)
{
	AUTO_FREE char *words = NULL;
	AUTO_FREE char *line = NULL;
	va_list args;

	va_start(args, format);
	words = xvasprintf(format, args);
	va_end(args);
	line = xasprintf("%s %s", kind, words);
	for (char *at = line; *at; at++)
		if (*at == '\n')
			*at = ' ';
	strings_take(facts, TAKE_PTR(line));
}

int
cache_record_write(struct strings *facts, struct buf *ret_record, struct error **err)
{
	strings_sort(facts);
	if (buf_append_text(ret_record, magic, err) < 0)
		return -1;
	for (size_t i = 0; i < facts->count; i++)
		if (buf_append_text(ret_record, facts->items[i], err) < 0 ||
		    buf_append_text(ret_record, "\n", err) < 0)
			return -1;
	return 0;
}

static int
parse(const struct buf *record, struct strings *lines, struct error **err)
{
	const char *at = record->data;

	if (!at || strlen(at) != record->size || !text_starts(at, magic))
		return error_set(err, ERROR_CONTENT,
				 "the cache has no record of its key that this ocifp can read");
	for (at += strlen(magic); *at; at += strcspn(at, "\n"), at += *at == '\n')
		strings_take(lines, xstrndup(at, strcspn(at, "\n")));
	strings_sort(lines);
	return 0;
}

/* Both lists are in byte order. */
static void
subtract(const struct strings *from, const struct strings *others, struct strings *ret_rest)
{
	size_t j = 0;

	for (size_t i = 0; i < from->count; i++) {
		while (j < others->count && strcmp(others->items[j], from->items[i]) < 0)
			j++;
		if (j == others->count || strcmp(others->items[j], from->items[i]) != 0)
			strings_add(ret_rest, from->items[i]);
	}
}

/* The number of words of a line that name its subject; the rest is the value. */
static size_t
subject_words(const char *line)
{
	static const struct {
		const char *kind;
		size_t words;
	} kinds[] = { { "package ", 3 }, { "file ", 2 }, { "variable ", 2 }, { "path ", 2 } };

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (text_starts(line, kinds[i].kind))
			return kinds[i].words;
	return 1;
}

static size_t
subject_size(const char *line)
{
	size_t size = 0;

	for (size_t words = subject_words(line); words > 0 && line[size]; words--) {
		size += strspn(line + size, " ");
		size += strcspn(line + size, " ");
	}
	return size;
}

/* The only line of a list with this subject; NULL: none, or several. */
static const char *
find_only(const struct strings *lines, const char *line)
{
	size_t size = subject_size(line);
	const char *found = NULL;

	for (size_t i = 0; i < lines->count; i++) {
		if (strncmp(lines->items[i], line, size) != 0 ||
		    subject_size(lines->items[i]) != size)
			continue;
		if (found)
			return NULL;
		found = lines->items[i];
	}
	return found;
}

static const char *
value_of(const char *line)
{
	const char *value = line + subject_size(line);

	return value + strspn(value, " ");
}

/* "Cargo.lock: serde" of "package Cargo.lock serde ..." */
static char *
subject_of(const char *line)
{
	AUTO_FREE char *subject = xstrndup(line, subject_size(line));
	char *first = strchr(subject, ' ');
	char *second = first ? strchr(first + 1, ' ') : NULL;

	if (!first)
		return text_quote_string(subject);
	if (second) {
		AUTO_FREE char *file = xstrndup(first + 1, (size_t)(second - first - 1));
		AUTO_FREE char *words = xasprintf("%s: %s", file, second + 1);

		return text_quote_string(words);
	}
	return text_quote_string(first + 1);
}

static bool
value_is_digest(const char *line)
{
	return text_starts(line, "file ") || text_starts(line, "variable ") ||
	       text_starts(line, "sources ");
}

/* If packages of a lock file differ, the file itself is not listed again. */
static bool
is_told_by_packages(const char *line, const struct strings *lines)
{
	AUTO_FREE char *file = NULL;
	AUTO_FREE char *start = NULL;

	if (!text_starts(line, "file "))
		return false;
	file = xstrndup(line + strlen("file "), strcspn(line + strlen("file "), " "));
	start = xasprintf("package %s ", file);
	for (size_t i = 0; i < lines->count; i++)
		if (text_starts(lines->items[i], start))
			return true;
	return false;
}

static void
tell(const char *before, const char *after, struct strings *differences)
{
	const char *line = after ? after : before;
	AUTO_FREE char *subject = subject_of(line);
	AUTO_FREE char *old = text_quote_string(before ? value_of(before) : "");
	AUTO_FREE char *new = text_quote_string(after ? value_of(after) : "");

	if (before && after && value_is_digest(line))
		strings_take(differences, xasprintf("%s changed", subject));
	else if (before && after)
		strings_take(differences, xasprintf(text_starts(line, "package ") ? "%s %s -> %s"
										  : "%s: %s -> %s",
						    subject, old, new));
	else if (value_is_digest(line) || !*value_of(line))
		strings_take(differences, xasprintf("%s %s", subject, after ? "added" : "removed"));
	else
		strings_take(differences, xasprintf("%s %s %s", subject, after ? new : old,
						    after ? "added" : "removed"));
}

int
cache_record_compare(const struct buf *before, const struct buf *after,
		     struct strings *ret_differences, struct error **err)
{
	AUTO_STRINGS struct strings old_lines = { 0 };
	AUTO_STRINGS struct strings new_lines = { 0 };
	AUTO_STRINGS struct strings removed = { 0 };
	AUTO_STRINGS struct strings added = { 0 };

	if (parse(before, &old_lines, err) < 0 || parse(after, &new_lines, err) < 0)
		return -1;
	subtract(&old_lines, &new_lines, &removed);
	subtract(&new_lines, &old_lines, &added);
	for (size_t i = 0; i < removed.count; i++) {
		const char *line = removed.items[i];
		const char *other = find_only(&removed, line) ? find_only(&added, line) : NULL;

		if (!is_told_by_packages(line, &removed) && !is_told_by_packages(line, &added))
			tell(line, other, ret_differences);
	}
	for (size_t i = 0; i < added.count; i++) {
		const char *line = added.items[i];

		if (!(find_only(&added, line) && find_only(&removed, line)) &&
		    !is_told_by_packages(line, &removed) && !is_told_by_packages(line, &added))
			tell(NULL, line, ret_differences);
	}
	return 0;
}
