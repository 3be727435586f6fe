/* SPDX-License-Identifier: Apache-2.0 */
/* page.h - text for people, built from formatted pieces */
#ifndef OCIFP_CLI_OUTPUT_PAGE_H
#define OCIFP_CLI_OUTPUT_PAGE_H

#include <stddef.h>

#include "base/cleanup.h"

struct page {
	char *text; /* NULL while empty */
	size_t size;
	size_t capacity;
};

void page_add(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Without the last line end, as context_result() requires; the caller owns it. */
char *page_take(struct page *page);
void page_release(struct page *page);
#define AUTO_PAGE CLEANUP(page_release)

#endif
