/* SPDX-License-Identifier: Apache-2.0 */
/* live_chunks.h - which chunks of the packs before are still in use
 *
 * One bit for each chunk of a table.
 */
#ifndef OCIFP_CACHE_TRANSFER_LIVE_CHUNKS_H
#define OCIFP_CACHE_TRANSFER_LIVE_CHUNKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct chunk_table;
struct digest;
struct error;
struct pack_use;
struct pack_writer;
struct store;

struct live_chunks {
	const struct chunk_table *table; /* borrowed */
	uint8_t *bits;
};

void live_chunks_init(struct live_chunks *live, const struct chunk_table *table);
void live_chunks_release(struct live_chunks *live);
#define AUTO_LIVE_CHUNKS CLEANUP(live_chunks_release)

/* A chunk that the table does not have is passed over. */
void live_chunks_mark(struct live_chunks *live, const struct digest *digest);
uint64_t live_chunks_bytes(const struct live_chunks *live); /* as they are stored */

/* What of each pack is stored and in use; `ret_uses` has one for each. */
void live_chunks_count(const struct live_chunks *live, struct pack_use *ret_uses);

/* The chunks of a pack that are in use go into a pack that is being made.  The store has the pack.
 */
int live_chunks_copy(const struct live_chunks *live, size_t pack, struct store *store,
		     struct pack_writer *writer, struct error **err);

#endif
