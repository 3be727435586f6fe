/* SPDX-License-Identifier: Apache-2.0 */
/* chunk_table.h - where each chunk is stored: the tables of contents of all packs
 *
 * A stream of records, as in varint.h:
 *
 *     digest of a pack   number of chunks, and for each: digest, bytes of its frame, bytes of it
 *
 * The frames of a pack follow each other without gaps from its first byte, so their offsets follow
 * from the sizes.  A chunk may be in several packs: the first one counts.
 */
#ifndef OCIFP_CACHE_FORMAT_CHUNK_TABLE_H
#define OCIFP_CACHE_FORMAT_CHUNK_TABLE_H

#include <stdint.h>

#include "cache/format/varint.h"

struct error;

struct packed_chunk {
	struct digest digest; /* of the content */
	uint32_t pack;        /* number of the pack in the table */
	uint32_t offset;      /* of the frame in it */
	uint32_t frame_bytes;
	uint32_t size_bytes;
};

struct packed_file {
	struct digest digest;
	uint32_t first_chunk; /* its chunks: these of the table, in the order of the pack */
	uint32_t chunk_count;
	uint64_t size_bytes;
};

struct chunk_table {
	struct packed_file *packs;
	size_t pack_count;
	struct packed_chunk *chunks;
	size_t chunk_count;
	uint32_t *slots; /* hash table of chunk numbers + 1 */
	size_t slot_count;
};

/* ERROR_CONTENT for invalid records: sizes beyond the limits, two packs with one digest. */
int chunk_table_parse(const void *bytes, size_t size, struct chunk_table *ret_table,
		      struct error **err);
void chunk_table_release(struct chunk_table *table);
#define AUTO_CHUNK_TABLE CLEANUP(chunk_table_release)

/* To build a table: add a pack, then its chunks; offsets and sizes are computed. */
void chunk_table_add_pack(struct chunk_table *table);
void chunk_table_add(struct chunk_table *table, const struct digest *digest, uint32_t frame_bytes,
		     uint32_t size_bytes);

/* Adds a pack of another table, with its digest. */
void chunk_table_append(struct chunk_table *table, const struct chunk_table *from, size_t pack);

bool chunk_table_has_pack(const struct chunk_table *table, const struct digest *digest);

/* NULL: not there. */
const struct packed_chunk *chunk_table_find(const struct chunk_table *table,
					    const struct digest *digest);

/* Writes one pack's record. */
void chunk_table_put(struct wire_writer *writer, const struct chunk_table *table, size_t pack);

#endif
