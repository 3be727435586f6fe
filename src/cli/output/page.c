/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output/page.h"

#include <stdarg.h>
#include <string.h>

#include "base/xalloc.h"

void
page_add(struct page *page, const char *format, ...)
{
	AUTO_FREE char *piece = NULL;
	size_t size;
	va_list args;

	va_start(args, format);
	piece = xvasprintf(format, args);
	va_end(args);
	size = strlen(piece);
	if (page->size + size + 1 > page->capacity) {
		page->capacity = 2 * (page->size + size + 1);
		page->text = xrealloc(page->text, page->capacity);
	}
	memcpy(page->text + page->size, piece, size + 1);
	page->size += size;
}

char *
page_take(struct page *page)
{
	char *text;

	if (page->size > 0 && page->text[page->size - 1] == '\n')
		page->text[page->size - 1] = '\0';
	text = page->text ? TAKE_PTR(page->text) : xstrdup("");
	*page = (struct page){ 0 };
	return text;
}

void
page_release(struct page *page)
{
	free(page->text);
	*page = (struct page){ 0 };
}
