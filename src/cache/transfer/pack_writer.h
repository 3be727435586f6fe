/* SPDX-License-Identifier: Apache-2.0 */
/* pack_writer.h - writes chunks into new packs: hashed and compressed by all processors
 *
 *     pack_writer_add --> slot --worker: SHA-256, is it known?, zstd--> in order --> pack in a
 * store
 *
 * A bounded number of chunks is in progress.  The output depends only on the input: packs and
 * frames are in the order of the calls.  Known chunks are not written.
 */
#ifndef OCIFP_CACHE_TRANSFER_PACK_WRITER_H
#define OCIFP_CACHE_TRANSFER_PACK_WRITER_H

#include "base/cleanup.h"
#include "cache/format/chunk_table.h"
#include "cache/format/chunker.h"
#include "cache/format/tree_index.h"

struct error;
struct observer;
struct pack_writer;
struct store;

struct pack_writer_options {
	struct store *store;             /* where packs are made */
	const struct chunk_table *known; /* chunks that need not be written */
	uint64_t pack_bytes;             /* the maximal size of a pack */
	struct observer *observer;

	/* NULL, or called for each pack that is complete in the store, and regularly while chunks
	 * are awaited: then with DIGEST_NONE. */
	int (*hear)(void *context, const struct digest *digest, uint64_t size_bytes,
		    struct error **err);
	void *context;
};

struct pack_writer *pack_writer_new(const struct pack_writer_options *options, struct error **err);

/* Adds one chunk, which is copied.  It becomes the next of pack_writer_chunks(). */
int pack_writer_add(struct pack_writer *writer, const void *bytes, size_t size, struct error **err);

/* Adds a frame of another pack, checked by the caller.  It is not one of pack_writer_chunks(). */
int pack_writer_add_frame(struct pack_writer *writer, const struct packed_chunk *chunk,
			  const void *frame, struct error **err);

/* Waits for all added chunks.  They are in the order of pack_writer_add(). */
int pack_writer_flush(struct pack_writer *writer, struct error **err);
const struct chunk_ref *pack_writer_chunks(const struct pack_writer *writer);
size_t pack_writer_count(const struct pack_writer *writer); /* added so far */

/* Content of the new packs so far, including frames of others; bytes of the packs. */
const struct chunk_table *pack_writer_table(const struct pack_writer *writer);
uint64_t pack_writer_packed_bytes(const struct pack_writer *writer);

/* Ends the last pack: all are complete in the store, in its next commit, and have their digests. */
int pack_writer_finish(struct pack_writer *writer, struct error **err);
void pack_writer_free(struct pack_writer *writer);
DEFINE_CLEANUP(struct pack_writer, pack_writer_free)

#endif
