/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/transfer/parent.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "cache/transfer/cache_index.h"

void
bundle_hash_add(struct bundle_hash *hash, const struct place_hash *place, uint64_t size_bytes)
{
	if (!hash->hasher)
		hash->hasher = hasher_new(DIGEST_SHA256);
	hasher_add(hash->hasher, place, sizeof(*place));
	hasher_add(hash->hasher, &size_bytes, sizeof(size_bytes));
}

struct place_hash
bundle_hash_finish(struct bundle_hash *hash)
{
	struct place_hash place = { { 0 } };

	if (hash->hasher) {
		struct digest digest = hasher_finish(hash->hasher);

		memcpy(place.bytes, digest.bytes, sizeof(place.bytes));
	}
	hasher_free(TAKE_PTR(hash->hasher));
	return place;
}

static void
add_content(struct parent *parent, const struct place_hash *place, const struct tree_entry *entry)
{
	parent->contents =
		xgrow(parent->contents, parent->content_count, sizeof(*parent->contents));
	parent->contents[parent->content_count++] =
		(struct parent_content){ *place, entry->size_bytes, entry->kind == ENTRY_EXECUTABLE,
					 entry->chunks };
}

struct listing {
	struct parent *parent;
	struct tree_entry root;
	struct tree_entry directory;
	struct tree_entry bundle;
	bool has_bundle;
	struct bundle_hash hash;
};

static void
end_bundle(struct listing *listing)
{
	struct place_hash place = bundle_hash_finish(&listing->hash);

	if (listing->has_bundle)
		add_content(listing->parent, &place, &listing->bundle);
	listing->has_bundle = false;
}

static void
list_entry(struct listing *listing, const struct tree_entry *entry)
{
	const struct tree_entry *directory = &listing->directory;
	struct place_hash place;

	if (entry->kind == ENTRY_ROOT || entry->kind == ENTRY_BUNDLE)
		end_bundle(listing);
	if (entry->kind == ENTRY_ROOT)
		listing->root = *entry;
	if (entry->kind == ENTRY_DIRECTORY)
		listing->directory = *entry;
	if (entry->kind == ENTRY_BUNDLE) {
		listing->bundle = *entry;
		listing->has_bundle = true;
	}
	if (entry->kind != ENTRY_SMALL && entry->kind != ENTRY_FILE &&
	    entry->kind != ENTRY_EXECUTABLE)
		return;
	place = place_hash_of(listing->root.text, listing->root.text_size, directory->text,
			      directory->text_size, entry->text, entry->text_size);
	if (entry->kind != ENTRY_SMALL)
		add_content(listing->parent, &place, entry);
	else
		bundle_hash_add(&listing->hash, &place, entry->size_bytes);
}

static int
compare_contents(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct place_hash));
}

static int
list_contents(struct parent *parent, struct error **err)
{
	AUTO_TREE_CURSOR struct tree_cursor cursor;
	struct listing listing = { .parent = parent };
	struct tree_entry entry;
	bool ended = false;
	int ret;

	tree_cursor_open(&cursor, parent->tree.data, parent->tree.size);
	while ((ret = tree_cursor_next(&cursor, &entry, &ended, err)) == 0 && !ended)
		list_entry(&listing, &entry);
	end_bundle(&listing);
	if (ret == 0 && parent->content_count > 0)
		qsort(parent->contents, parent->content_count, sizeof(*parent->contents),
		      compare_contents);
	return ret;
}

const struct parent_content *
parent_find(const struct parent *parent, const struct place_hash *place)
{
	struct parent_content wanted = { .place = *place };

	if (parent->content_count == 0)
		return NULL;
	return bsearch(&wanted, parent->contents, parent->content_count, sizeof(wanted),
		       compare_contents);
}

int
tree_shape(const void *tree, size_t size, struct digest *ret_shape, struct error **err)
{
	AUTO_TREE_CURSOR struct tree_cursor cursor;
	AUTO_HASHER struct hasher *hasher = hasher_new(DIGEST_SHA256);
	struct tree_entry entry;
	bool ended = false;
	int ret;

	tree_cursor_open(&cursor, tree, size);
	while ((ret = tree_cursor_next(&cursor, &entry, &ended, err)) == 0 && !ended) {
		uint8_t kind = (uint8_t)entry.kind;
		struct chunk_refs chunks = entry.chunks;
		struct chunk_ref ref;

		hasher_add(hasher, &kind, 1);
		hasher_add(hasher, &entry.text_size, sizeof(entry.text_size));
		hasher_add(hasher, entry.text, entry.text_size);
		hasher_add(hasher, &entry.target_size, sizeof(entry.target_size));
		hasher_add(hasher, entry.target, entry.target_size);
		hasher_add(hasher, &entry.mode, sizeof(entry.mode));
		hasher_add(hasher, &entry.size_bytes, sizeof(entry.size_bytes));
		while (chunk_refs_next(&chunks, &ref))
			hasher_add(hasher, ref.digest.bytes, 32);
	}
	*ret_shape = hasher_finish(hasher);
	return ret;
}

int
parent_load(struct parent *parent, struct cache_artifact *artifact, struct repository *repository,
	    struct store *store, struct observer *observer, struct error **err)
{
	AUTO_BUF struct buf head = BUF_INIT(CACHE_HEAD_LIMIT_BYTES);
	AUTO_BUF struct buf chunks = BUF_INIT(CACHE_STREAM_LIMIT_BYTES);
	AUTO_BUF struct buf executables = BUF_INIT(CACHE_STREAM_LIMIT_BYTES);
	struct index_parts parts = {
		.head = &head,
		.streams = { [STREAM_TREE] = &parent->tree,
			     [STREAM_USE] = &parent->use,
			     [STREAM_CHUNKS] = &chunks,
			     [STREAM_EXECUTABLES] = &executables },
	};

	if (cache_index_read(artifact, repository, store, observer, &parts, err) < 0 ||
	    index_head_parse(head.data, head.size, &parent->head, err) < 0 ||
	    chunk_table_parse(chunks.data, chunks.size, &parent->table, err) < 0 ||
	    chunk_table_parse(executables.data, executables.size, &parent->executables, err) < 0 ||
	    tree_shape(parent->tree.data, parent->tree.size, &parent->shape, err) < 0 ||
	    list_contents(parent, err) < 0)
		return -1;
	parent->artifact = *artifact;
	*artifact = (struct cache_artifact){ 0 };
	return 0;
}

void
parent_release(struct parent *parent)
{
	cache_artifact_release(&parent->artifact);
	index_head_release(&parent->head);
	buf_release(&parent->tree);
	buf_release(&parent->use);
	chunk_table_release(&parent->table);
	chunk_table_release(&parent->executables);
	free(parent->contents);
	*parent = PARENT_INIT;
}
