/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/xalloc.h"
#include "fingerprint/record.h"

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
