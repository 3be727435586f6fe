/* SPDX-License-Identifier: Apache-2.0 */
#include "base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die_out_of_memory(void) __attribute__((noreturn));

static void
die_out_of_memory(void)
{
	static const char text[] = "ocifp: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	_exit(EXIT_FAILURE);
}

void *
xcalloc(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		die_out_of_memory();
	return memory;
}

void *
xrealloc(void *old, size_t size)
{
	void *memory = realloc(old, size);

	if (!memory)
		die_out_of_memory();
	return memory;
}

void *
xgrow(void *items, size_t count, size_t size)
{
	if (items && (count & (count - 1)) != 0)
		return items;
	return xrealloc(items, (count ? 2 * count : 1) * size);
}

char *
xstrdup(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		die_out_of_memory();
	return copy;
}

char *
xstrndup(const char *text, size_t size)
{
	char *copy = strndup(text, size);

	if (!copy)
		die_out_of_memory();
	return copy;
}

char *
xstrdup_null(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

char *
xvasprintf(const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		die_out_of_memory();
	return text;
}

char *
xasprintf(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	return text;
}
