/* SPDX-License-Identifier: Apache-2.0 */
/* parent.h - the cache that a save builds on: its content of each file, and the places of its
 * chunks
 */
#ifndef OCIFP_CACHE_TRANSFER_PARENT_H
#define OCIFP_CACHE_TRANSFER_PARENT_H

#include "cache/format/artifact.h"
#include "cache/format/chunk_table.h"
#include "cache/format/index_head.h"
#include "cache/format/tree_index.h"
#include "cache/tree/journal.h"

struct error;
struct observer;
struct repository;
struct store;

/* The chunks of a file with its own chunks, or of a bundle. */
struct parent_content {
	struct place_hash place; /* of the file; of a bundle bundle_hash_finish() */
	uint64_t size_bytes;
	bool is_executable; /* its chunks are in the table of executables */
	struct chunk_refs chunks;
};

struct parent {
	struct cache_artifact artifact;
	struct index_head head;
	struct buf tree; /* STREAM_TREE */
	struct buf use;  /* STREAM_USE */
	struct chunk_table table;
	struct chunk_table executables;
	struct parent_content *contents; /* in the order of places */
	size_t content_count;
	struct digest shape; /* of everything but times: see tree_shape() */
};

/* An empty parent. */
#define PARENT_INIT \
	((struct parent){ .tree = BUF_INIT(CACHE_STREAM_LIMIT_BYTES), \
			  .use = BUF_INIT(CACHE_STREAM_LIMIT_BYTES) })

/* Reads its index through the store; takes `artifact`.  ERROR_CONTENT: damaged. */
int parent_load(struct parent *parent, struct cache_artifact *artifact,
		struct repository *repository, struct store *store, struct observer *observer,
		struct error **err);
const struct parent_content *parent_find(const struct parent *parent,
					 const struct place_hash *place);
void parent_release(struct parent *parent);
#define AUTO_PARENT CLEANUP(parent_release)

/* The identity of a bundle: the places and sizes of its files, in order. */
struct bundle_hash {
	struct hasher *hasher;
};

void bundle_hash_add(struct bundle_hash *hash, const struct place_hash *place, uint64_t size_bytes);
struct place_hash bundle_hash_finish(struct bundle_hash *hash);

/* A digest of an index without its times. */
int tree_shape(const void *tree, size_t size, struct digest *ret_shape, struct error **err);

#endif
