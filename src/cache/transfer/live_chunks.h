/* SPDX-License-Identifier: Apache-2.0 */
/* live_chunks.h - the chunks of earlier packs that are still in use
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

/* Marks a chunk as used; ignores one that the table lacks. */
void live_chunks_mark(struct live_chunks *live, const struct digest *digest);
uint64_t live_chunks_bytes(const struct live_chunks *live); /* as they are stored */

/* How much of each pack is stored and in use; `ret_uses` has one item for each. */
void live_chunks_count(const struct live_chunks *live, struct pack_use *ret_uses);

/* Copies the used chunks of a pack into a new pack.  The store has the old pack. */
int live_chunks_copy(const struct live_chunks *live, size_t pack, struct store *store,
		     struct pack_writer *writer, struct error **err);

#endif
