/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static const size_t first_capacity = 8;

static void
grow(struct strings *strings)
{
	size_t capacity = strings->capacity ? strings->capacity * 2 : first_capacity;

	if (strings->count + 1 < strings->capacity)
		return;
	strings->items = xrealloc(strings->items, capacity * sizeof(*strings->items));
	strings->capacity = capacity;
}

void
strings_copy(const struct strings *strings, struct strings *ret_copy)
{
	for (size_t i = 0; i < strings->count; i++)
		strings_add(ret_copy, strings->items[i]);
}

void
strings_take(struct strings *strings, char *text)
{
	grow(strings);
	strings->items[strings->count++] = text;
	strings->items[strings->count] = NULL;
}

void
strings_add(struct strings *strings, const char *text)
{
	strings_take(strings, xstrdup(text));
}

char *
strings_join(const struct strings *strings, const char *separator)
{
	size_t size = 1;
	size_t at = 0;
	char *text;

	for (size_t i = 0; i < strings->count; i++)
		size += strlen(separator) + strlen(strings->items[i]);
	text = xcalloc(1, size);
	for (size_t i = 0; i < strings->count; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%s", i > 0 ? separator : "",
				       strings->items[i]);
	return text;
}

bool
strings_has(const struct strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->count; i++) {
		if (strcmp(strings->items[i], text) == 0)
			return true;
	}
	return false;
}

static int
compare(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

void
strings_sort(struct strings *strings)
{
	if (strings->count > 1)
		qsort(strings->items, strings->count, sizeof(*strings->items), compare);
}

bool
strings_has_sorted(const struct strings *sorted, const char *text)
{
	return sorted->count > 0 &&
	       bsearch(&text, sorted->items, sorted->count, sizeof(*sorted->items), compare);
}

void
strings_release(struct strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct strings){ 0 };
}
