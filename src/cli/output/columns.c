/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output/columns.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cli/output/page.h"

enum { GAP_CHARS = 2, SHORT_DIGEST_CHARS = 12 };

void
columns_add(struct columns *columns, const char *cell)
{
	strings_take(&columns->cells, text_quote_string(cell));
}

void
columns_take(struct columns *columns, char *cell)
{
	AUTO_FREE char *taken = cell;

	columns_add(columns, taken);
}

size_t
columns_row_count(const struct columns *columns)
{
	return columns->cells.count / strlen(columns->alignment);
}

static size_t
width_of(const struct columns *columns, size_t column)
{
	size_t count = strlen(columns->alignment);
	size_t width = 0;

	for (size_t i = column; i < columns->cells.count; i += count) {
		size_t size = strlen(columns->cells.items[i]);

		width = size > width ? size : width;
	}
	return width;
}

void
columns_print_row(const struct columns *columns, size_t row, struct page *page)
{
	size_t count = strlen(columns->alignment);

	for (size_t column = 0; column < count; column++) {
		const char *cell = columns->cells.items[row * count + column];
		int width = (int)width_of(columns, column);
		bool is_last = column + 1 == count;

		if (column > 0)
			page_add(page, "%*s", GAP_CHARS, "");
		if (columns->alignment[column] == 'r')
			page_add(page, "%*s", width, cell);
		else
			page_add(page, "%-*s", is_last ? 0 : width, cell);
	}
}

void
columns_print(const struct columns *columns, struct page *page)
{
	for (size_t row = 0; row < columns_row_count(columns); row++) {
		columns_print_row(columns, row, page);
		page_add(page, "\n");
	}
}

void
columns_release(struct columns *columns)
{
	strings_release(&columns->cells);
}

char *
short_digest(const char *digest)
{
	const char *colon = strchr(digest, ':');

	return xstrndup(colon ? colon + 1 : digest, SHORT_DIGEST_CHARS);
}

char *
text_of_age(int64_t since_s, int64_t now_s)
{
	static const struct {
		int64_t s;
		const char *one;
		const char *many;
	} units[] = {
		{ 365 * 86400, "year", "years" }, { 30 * 86400, "month", "months" },
		{ 86400, "day", "days" },         { 3600, "hour", "hours" },
		{ 60, "minute", "minutes" },
	};
	int64_t age_s = now_s - since_s;

	if (since_s == 0)
		return xstrdup("-");
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		long long count = (long long)(age_s / units[i].s);

		if (count > 0)
			return xasprintf("%lld %s", count,
					 count == 1 ? units[i].one : units[i].many);
	}
	return xstrdup("just now");
}
