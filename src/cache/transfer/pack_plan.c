/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/transfer/pack_plan.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/xalloc.h"

struct planning {
	struct pack_use **order; /* the packs to keep, those with the fewest live bytes first */
	size_t count;
	const struct pack_limits *limits;
	uint64_t new_bytes; /* including the rewritten ones */
};

static int
smaller_first(const void *a, const void *b)
{
	const struct pack_use *left = *(const struct pack_use *const *)a;
	const struct pack_use *right = *(const struct pack_use *const *)b;

	if (left->live_bytes != right->live_bytes)
		return left->live_bytes < right->live_bytes ? -1 : 1;
	return (left > right) - (left < right);
}

static void
rewrite(struct planning *planning, size_t at)
{
	struct pack_use *pack = planning->order[at];

	pack->is_kept = false;
	pack->is_rewritten = true;
	planning->new_bytes += pack->live_bytes;
	for (size_t i = at; i + 1 < planning->count; i++)
		planning->order[i] = planning->order[i + 1];
	planning->count--;
}

static bool
are_too_many(const struct planning *planning, uint64_t live_bytes)
{
	uint64_t full = planning->limits->full_bytes;
	uint64_t new_packs = (planning->new_bytes + full - 1) / full;

	return planning->count + new_packs > 2 * (live_bytes / full) + planning->limits->spare;
}

/* Rewrites the smallest packs while there are too many, then also each pack that is no larger than
 * the data rewritten so far: a geometric merge, which bounds how often a byte is rewritten. */
static void
merge_surplus(struct planning *planning, uint64_t live_bytes)
{
	if (!are_too_many(planning, live_bytes))
		return;
	while (planning->count > 0) {
		uint64_t live = planning->order[0]->live_bytes;

		if (!are_too_many(planning, live_bytes) &&
		    (live > planning->new_bytes || live > planning->limits->full_bytes / 2))
			return;
		rewrite(planning, 0);
	}
}

static size_t
find_deadest(const struct planning *planning)
{
	size_t found = 0;
	double lowest = 2;

	for (size_t i = 0; i < planning->count; i++) {
		const struct pack_use *pack = planning->order[i];
		double part = (double)pack->live_bytes / (double)pack->stored_bytes;

		if (part < lowest) {
			lowest = part;
			found = i;
		}
	}
	return found;
}

static void
collect_dead(struct planning *planning)
{
	uint64_t most_bytes = planning->limits->most_bytes;

	for (;;) {
		uint64_t stored = planning->new_bytes;
		uint64_t live = planning->new_bytes;

		for (size_t i = 0; i < planning->count; i++) {
			stored += planning->order[i]->stored_bytes;
			live += planning->order[i]->live_bytes;
		}
		if (planning->count == 0 || live == stored ||
		    (live * 10 >= stored * 7 && (most_bytes == 0 || stored <= most_bytes)))
			return;
		rewrite(planning, find_deadest(planning));
	}
}

void
pack_plan(struct pack_use *packs, size_t count, const struct pack_limits *limits)
{
	AUTO_FREE struct pack_use **order = xcalloc(count + 1, sizeof(struct pack_use *));
	struct planning planning = { order, 0, limits, limits->new_bytes };
	uint64_t live_bytes = limits->new_bytes;

	for (size_t i = 0; i < count; i++) {
		packs[i].is_kept = packs[i].live_bytes > 0;
		packs[i].is_rewritten = false;
		live_bytes += packs[i].live_bytes;
		if (packs[i].is_kept)
			order[planning.count++] = &packs[i];
	}
	qsort(order, planning.count, sizeof(struct pack_use *), smaller_first);
	collect_dead(&planning);
	merge_surplus(&planning, live_bytes);
}
