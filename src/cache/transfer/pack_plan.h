/* SPDX-License-Identifier: Apache-2.0 */
/* pack_plan.h - which packs a save writes anew, so that they stay few and mostly live
 *
 * Packs without a live chunk are dropped.  Of the others are rewritten
 *
 *     those with the largest part of dead bytes, while less than 70 % of all bytes are live, or
 *     all bytes are more than `most_bytes`
 *     when there are more than 2 x (live bytes / full size) + `spare`, the smallest, and with them
 *     each next one that is no larger than what is joined already: so that a byte is copied again
 *     only when its pack has doubled.  Saves of a little each write three times what is new.
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
	uint64_t new_bytes;  /* about to be written */
	uint64_t most_bytes; /* of all packs, as far as dead bytes make it; 0: no limit */
};

void pack_plan(struct pack_use *packs, size_t count, const struct pack_limits *limits);

#endif
