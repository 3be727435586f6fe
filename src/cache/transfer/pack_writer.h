/* SPDX-License-Identifier: Apache-2.0 */
/* pack_writer.h - chunks on their way into new packs: hashed and compressed by all processors
 *
 *     pack_writer_add --> slot --worker: SHA-256, is it known?, zstd--> in order --> pack in a
 * store
 *
 * A bounded number of chunks is under way, and what comes out follows from what went in alone: the
 * order of packs and frames is that of the calls.  Known chunks are not written.
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
	const struct chunk_table *known; /* not written again */
	uint64_t pack_bytes;             /* the most that a pack may have */
	struct observer *observer;

	/* NULL, or called for each pack that is whole in the store, and now and then while it is
	 * waited for chunks; then with DIGEST_NONE. */
	int (*hear)(void *context, const struct digest *digest, uint64_t size_bytes,
		    struct error **err);
	void *context;
};

struct pack_writer *pack_writer_new(const struct pack_writer_options *options, struct error **err);

/* One chunk, copied.  It becomes the next of pack_writer_chunks(). */
int pack_writer_add(struct pack_writer *writer, const void *bytes, size_t size, struct error **err);

/* A frame of another pack, checked by the caller.  Not one of pack_writer_chunks(). */
int pack_writer_add_frame(struct pack_writer *writer, const struct packed_chunk *chunk,
			  const void *frame, struct error **err);

/* Waits for all that were added.  The chunks in the order of pack_writer_add(). */
int pack_writer_flush(struct pack_writer *writer, struct error **err);
const struct chunk_ref *pack_writer_chunks(const struct pack_writer *writer);
size_t pack_writer_count(const struct pack_writer *writer); /* added so far */

/* What lies in the new packs so far, frames of others too; bytes of the packs. */
const struct chunk_table *pack_writer_table(const struct pack_writer *writer);
uint64_t pack_writer_packed_bytes(const struct pack_writer *writer);

/* Ends the last pack: all are whole in the store, in its next commit, and have their digests. */
int pack_writer_finish(struct pack_writer *writer, struct error **err);
void pack_writer_free(struct pack_writer *writer);
DEFINE_CLEANUP(struct pack_writer, pack_writer_free)

#endif
