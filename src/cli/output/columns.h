/* SPDX-License-Identifier: Apache-2.0 */
/* columns.h - a table for a person: cells in columns, each as wide as its widest cell */
#ifndef OCIFP_CLI_OUTPUT_COLUMNS_H
#define OCIFP_CLI_OUTPUT_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/strings.h"

struct page;

/* `alignment` has a character a column: 'l' or 'r'.  Cells are quoted: they may be foreign text. */
struct columns {
	const char *alignment;
	struct strings cells; /* a row after the other */
};

void columns_add(struct columns *columns, const char *cell);
void columns_take(struct columns *columns, char *cell);

/* Row `row` without a line end. */
size_t columns_row_count(const struct columns *columns);
void columns_print_row(const struct columns *columns, size_t row, struct page *page);
void columns_print(const struct columns *columns, struct page *page);
void columns_release(struct columns *columns);
#define AUTO_COLUMNS CLEANUP(columns_release)

/* Values in such tables: "12 digits" of a digest, "3 days", "2026-11-30". */
char *short_digest(const char *digest);
char *text_of_age(int64_t since_s, int64_t now_s); /* since_s 0: "-" */

#endif
