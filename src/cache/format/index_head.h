/* SPDX-License-Identifier: Apache-2.0 */
/* index_head.h - the first layer of a cache: where the rest of its index lies
 *
 * One zstd frame, which names the size of its content; that is, as in varint.h:
 *
 *     "ocifpC1\n"
 *     text: the table of the index packs, as in chunk_table.h
 *     number of streams, and for each: kind (a byte), number of chunks, and for each: its digest
 *
 * Streams are cut as index_chunks says (chunker.h) and their chunks lie in the index packs alone.
 * A stream of an unknown kind is passed over.
 */
#ifndef OCIFP_CACHE_FORMAT_INDEX_HEAD_H
#define OCIFP_CACHE_FORMAT_INDEX_HEAD_H

#include "cache/format/chunk_table.h"

struct error;

enum index_stream {
	STREAM_TREE,        /* 'T': tree_index.h */
	STREAM_CHUNKS,      /* 'C': chunk_table.h */
	STREAM_SOURCES,     /* 'S': the times of source files; opaque here, as the next */
	STREAM_RECORD,      /* 'K': what the key was made of */
	STREAM_USE,         /* 'U': parts that saves found unused, for the next save */
	STREAM_EXECUTABLES, /* 'E': chunk_table.h, of the packs with executables */
	STREAM_COUNT
};

struct stream_chunks {
	struct digest *items;
	size_t count;
};

struct index_head {
	struct chunk_table packs; /* the index packs */
	struct stream_chunks streams[STREAM_COUNT];
};

/* The content of the layer as it came, which the confined helper unpacks.  ERROR_CONTENT, as below.
 */
int index_head_unpack(const void *frame, size_t size, struct buf *ret_bytes, struct error **err);

int index_head_parse(const void *bytes, size_t size, struct index_head *ret_head,
		     struct error **err);

/* The layer; the caller owns the bytes. */
int index_head_format(const struct index_head *head, struct buf *ret_frame, struct error **err);
void index_head_release(struct index_head *head);
#define AUTO_INDEX_HEAD CLEANUP(index_head_release)

#endif
