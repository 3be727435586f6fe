/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/format/chunk_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"

static int
refuse(const char *why, struct error **err)
{
	error_set(err, ERROR_CONTENT, "invalid cache index: %s", why);
	return error_set_class(err, CLASS_INDEX);
}

/* A digest is random enough for a hash; hostile collisions cost time, within the limits. */
static size_t
slot_of(const struct chunk_table *table, const struct digest *digest)
{
	uint64_t start;
	size_t slot;

	memcpy(&start, digest->bytes, sizeof(start));
	for (slot = (size_t)start & (table->slot_count - 1); table->slots[slot] != 0;
	     slot = (slot + 1) & (table->slot_count - 1))
		if (digest_equal(&table->chunks[table->slots[slot] - 1].digest, digest))
			break;
	return slot;
}

static void
enlarge(struct chunk_table *table)
{
	free(table->slots);
	table->slot_count = table->slot_count ? table->slot_count * 2 : 64;
	table->slots = xcalloc(table->slot_count, sizeof(*table->slots));
	for (size_t i = 0; i < table->chunk_count; i++) {
		size_t slot = slot_of(table, &table->chunks[i].digest);

		if (table->slots[slot] == 0)
			table->slots[slot] = (uint32_t)i + 1;
	}
}

void
chunk_table_add_pack(struct chunk_table *table)
{
	table->packs = xgrow(table->packs, table->pack_count, sizeof(*table->packs));
	table->packs[table->pack_count++] =
		(struct packed_file){ .first_chunk = (uint32_t)table->chunk_count };
}

void
chunk_table_add(struct chunk_table *table, const struct digest *digest, uint32_t frame_bytes,
		uint32_t size_bytes)
{
	struct packed_file *pack = &table->packs[table->pack_count - 1];
	size_t slot;

	if (table->chunk_count * 2 >= table->slot_count)
		enlarge(table);
	table->chunks = xgrow(table->chunks, table->chunk_count, sizeof(*table->chunks));
	table->chunks[table->chunk_count++] = (struct packed_chunk){
		.digest = *digest,
		.pack = (uint32_t)table->pack_count - 1,
		.offset = (uint32_t)pack->size_bytes,
		.frame_bytes = frame_bytes,
		.size_bytes = size_bytes,
	};
	pack->size_bytes += frame_bytes;
	pack->chunk_count++;
	slot = slot_of(table, digest);
	if (table->slots[slot] == 0)
		table->slots[slot] = (uint32_t)table->chunk_count;
}

void
chunk_table_append(struct chunk_table *table, const struct chunk_table *from, size_t number)
{
	const struct packed_file *pack = &from->packs[number];

	chunk_table_add_pack(table);
	table->packs[table->pack_count - 1].digest = pack->digest;
	for (size_t i = 0; i < pack->chunk_count; i++) {
		const struct packed_chunk *chunk = &from->chunks[pack->first_chunk + i];

		chunk_table_add(table, &chunk->digest, chunk->frame_bytes, chunk->size_bytes);
	}
}

bool
chunk_table_has_pack(const struct chunk_table *table, const struct digest *digest)
{
	for (size_t i = 0; i < table->pack_count; i++)
		if (digest_equal(&table->packs[i].digest, digest))
			return true;
	return false;
}

const struct packed_chunk *
chunk_table_find(const struct chunk_table *table, const struct digest *digest)
{
	size_t slot;

	if (table->slot_count == 0)
		return NULL;
	slot = slot_of(table, digest);
	return table->slots[slot] ? &table->chunks[table->slots[slot] - 1] : NULL;
}

static int
read_pack(struct wire_reader *reader, struct chunk_table *table, struct error **err)
{
	struct digest digest = wire_get_digest(reader);
	uint64_t count = wire_get_number(reader, CACHE_CHUNKS_LIMIT_COUNT - table->chunk_count);

	if (chunk_table_has_pack(table, &digest))
		return refuse("a pack is listed twice", err);
	if (table->pack_count == CACHE_PACKS_LIMIT_COUNT)
		return refuse("too many packs", err);
	chunk_table_add_pack(table);
	table->packs[table->pack_count - 1].digest = digest;
	for (; count > 0 && !reader->failed; count--) {
		struct digest chunk = wire_get_digest(reader);
		uint64_t frame_bytes = wire_get_number(reader, CACHE_FRAME_LIMIT_BYTES);
		uint64_t size_bytes = wire_get_number(reader, CACHE_CHUNK_LIMIT_BYTES);

		if (reader->failed)
			break;
		if (frame_bytes == 0 || size_bytes == 0 ||
		    frame_bytes >
			    CACHE_PACK_LIMIT_BYTES - table->packs[table->pack_count - 1].size_bytes)
			return refuse("a chunk has an impossible size", err);
		chunk_table_add(table, &chunk, (uint32_t)frame_bytes, (uint32_t)size_bytes);
	}
	return reader->failed ? refuse("a table of chunks is damaged", err) : 0;
}

int
chunk_table_parse(const void *bytes, size_t size, struct chunk_table *ret_table, struct error **err)
{
	AUTO_CHUNK_TABLE struct chunk_table table = { 0 };
	struct wire_reader reader = wire_reader_of(bytes, size);

	while (!wire_at_end(&reader))
		if (read_pack(&reader, &table, err) < 0)
			return -1;
	*ret_table = table;
	table = (struct chunk_table){ 0 };
	return 0;
}

void
chunk_table_put(struct wire_writer *writer, const struct chunk_table *table, size_t number)
{
	const struct packed_file *pack = &table->packs[number];

	wire_put_digest(writer, &pack->digest);
	wire_put_number(writer, pack->chunk_count);
	for (size_t i = 0; i < pack->chunk_count; i++) {
		const struct packed_chunk *chunk = &table->chunks[pack->first_chunk + i];

		wire_put_digest(writer, &chunk->digest);
		wire_put_number(writer, chunk->frame_bytes);
		wire_put_number(writer, chunk->size_bytes);
	}
}

void
chunk_table_release(struct chunk_table *table)
{
	free(table->packs);
	free(table->chunks);
	free(table->slots);
	*table = (struct chunk_table){ 0 };
}
