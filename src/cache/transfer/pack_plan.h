/* SPDX-License-Identifier: Apache-2.0 */
/* pack_plan.h - chooses the packs that a save rewrites, so that they stay few and mostly live
 *
 * Packs without a live chunk are dropped.  Of the others are rewritten
 *
 *     those with the largest share of dead bytes, while less than 70 % of all bytes are live, or
 *     all bytes are more than `most_bytes`
 *     when there are more than 2 x (live bytes / full size) + `spare`, the smallest ones, and
 *     then each next one that is no larger than the bytes joined so far: a byte is copied again
 *     only after its pack has doubled.  Small saves write three times their new bytes.
 */
#ifndef OCIFP_CACHE_TRANSFER_PACK_PLAN_H
#define OCIFP_CACHE_TRANSFER_PACK_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pack_use {
	uint64_t stored_bytes;
	uint64_t live_bytes;
	bool is_kept;      /* found here: neither dropped nor rewritten */
	bool is_rewritten; /* its live chunks go into new packs */
};

struct pack_limits {
	uint64_t full_bytes; /* of a pack */
	size_t spare;        /* packs besides those that the live bytes need */
	uint64_t new_bytes;  /* to be written by this save */
	uint64_t most_bytes; /* of all packs, as far as dropping dead bytes achieves it; 0: no limit
			      */
};

void pack_plan(struct pack_use *packs, size_t count, const struct pack_limits *limits);

#endif
