/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/transfer/live_chunks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "cache/format/chunk_table.h"
#include "cache/format/index_reader.h"
#include "cache/transfer/pack_plan.h"
#include "cache/transfer/pack_writer.h"
#include "store/store.h"

void
live_chunks_init(struct live_chunks *live, const struct chunk_table *table)
{
	*live = (struct live_chunks){ table, xcalloc(1, table->chunk_count / 8 + 1) };
}

void
live_chunks_release(struct live_chunks *live)
{
	free(live->bits);
	*live = (struct live_chunks){ 0 };
}

void
live_chunks_mark(struct live_chunks *live, const struct digest *digest)
{
	const struct packed_chunk *chunk = chunk_table_find(live->table, digest);
	size_t at = chunk ? (size_t)(chunk - live->table->chunks) : 0;

	if (chunk)
		live->bits[at / 8] |= (uint8_t)(1 << (at % 8));
}

static bool
has(const struct live_chunks *live, size_t at)
{
	return (live->bits[at / 8] >> (at % 8)) & 1;
}

uint64_t
live_chunks_bytes(const struct live_chunks *live)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < live->table->chunk_count; i++)
		bytes += has(live, i) ? live->table->chunks[i].frame_bytes : 0;
	return bytes;
}

void
live_chunks_count(const struct live_chunks *live, struct pack_use *ret_uses)
{
	const struct chunk_table *table = live->table;

	for (size_t i = 0; i < table->pack_count; i++)
		ret_uses[i] = (struct pack_use){ .stored_bytes = table->packs[i].size_bytes };
	for (size_t i = 0; i < table->chunk_count; i++)
		if (has(live, i))
			ret_uses[table->chunks[i].pack].live_bytes += table->chunks[i].frame_bytes;
}

int
live_chunks_copy(const struct live_chunks *live, size_t pack, struct store *store,
		 struct pack_writer *writer, struct error **err)
{
	const struct packed_file *file = &live->table->packs[pack];
	AUTO_FREE uint8_t *frame = xcalloc(1, CACHE_FRAME_LIMIT_BYTES);
	uint64_t size_bytes = 0;
	AUTO_CLOSE int fd = store_open_blob(store, &file->digest, &size_bytes, err);

	if (fd < 0)
		return -1;
	for (size_t i = file->first_chunk; i < file->first_chunk + file->chunk_count; i++) {
		const struct packed_chunk *chunk = &live->table->chunks[i];

		if (!has(live, i))
			continue;
		if (packed_frame_read(chunk, fd, frame, err) < 0 ||
		    pack_writer_add_frame(writer, chunk, frame, err) < 0)
			return -1;
	}
	return 0;
}
