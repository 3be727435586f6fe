/* SPDX-License-Identifier: Apache-2.0 */
#include "base/suggest.h"

#include <ctype.h>
#include <string.h>

#include "base/error.h"

/* Longer words are not compared. */
enum { WORD_LIMIT_CHARS = 31, FAR = WORD_LIMIT_CHARS + 1, MOST_SLIPS = 2 };

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned less = a < b ? a : b;

	return less < c ? less : c;
}

/* A row of the table for the optimal string alignment distance: edits between the first i letters
 * of `a` and each prefix of `b`. */
struct row {
	unsigned slips[WORD_LIMIT_CHARS + 1];
};

/* Capitals cost nothing: "PULL" is "pull". */
static int
lower(char c)
{
	return tolower((unsigned char)c);
}

static unsigned
count_slips(const char *a, const char *b)
{
	size_t a_size = strlen(a);
	size_t b_size = strlen(b);
	struct row rows[2] = { 0 }; /* the one before the last, and the last */

	if (a_size > WORD_LIMIT_CHARS || b_size > WORD_LIMIT_CHARS)
		return FAR;
	for (size_t j = 0; j <= b_size; j++)
		rows[1].slips[j] = (unsigned)j;
	for (size_t i = 1; i <= a_size; i++) {
		struct row row;
		size_t size = strlen(b);

		row.slips[0] = (unsigned)i;
		for (size_t j = 1; j <= size; j++) {
			unsigned changed =
				rows[1].slips[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
			unsigned swapped = FAR;

			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				swapped = rows[0].slips[j - 2] + 1;
			row.slips[j] = least(rows[1].slips[j] + 1, row.slips[j - 1] + 1, changed);
			if (swapped < row.slips[j])
				row.slips[j] = swapped;
		}
		rows[0] = rows[1];
		rows[1] = row;
	}
	return rows[1].slips[b_size];
}

/* Allow one edit for short words: with two, everything matches. */
static unsigned
slips_allowed(const char *word)
{
	size_t third = strlen(word) / 3;

	return third < MOST_SLIPS ? (unsigned)third : MOST_SLIPS;
}

const char *
suggest(const struct strings *names, const char *word)
{
	unsigned fewest = slips_allowed(word) + 1;
	const char *nearest = NULL;

	for (size_t i = 0; i < names->count; i++) {
		unsigned slips = count_slips(word, names->items[i]);

		if (slips < fewest) {
			fewest = slips;
			nearest = names->items[i];
		}
	}
	return nearest;
}

bool
suggest_hint(struct error **err, const struct strings *names, const char *word)
{
	const char *near = suggest(names, word);

	if (near)
		error_set_hint(err, "did you mean '%s'?", near);
	return near != NULL;
}
