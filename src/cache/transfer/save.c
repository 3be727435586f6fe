/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/transfer/save.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "cache/format/artifact.h"
#include "cache/format/index_reader.h"
#include "cache/transfer/gather.h"
#include "cache/transfer/live_chunks.h"
#include "cache/transfer/pack_plan.h"
#include "cache/transfer/pack_writer.h"
#include "cache/transfer/parent.h"
#include "cache/transfer/uploads.h"
#include "cache/tree/journal.h"
#include "cache/tree/parts.h"
#include "image/transfer/fetch.h"
#include "image/transfer/send.h"
#include "repository/repository.h"
#include "repository/session.h"
#include "store/store.h"

/* Limit for packs of an index: a restore waits for all of them before it knows any file. */
enum { CONTENT_SPARE = 8, INDEX_SPARE = 4, EXECUTABLES_SPARE = 4 };

enum { PRUNE_INTERVAL_S = 24 * 3600 };

/* A part that changes in this many attempts is left out. */
enum { TORN_LIMIT_COUNT = 3, SAVE_ATTEMPTS_LIMIT_COUNT = 10 };

/* Things that the next attempt leaves out. */
struct again {
	bool is_wanted;
	bool has_no_parent; /* chunks that the repository has lost are saved again */
	bool was_too_large;
	struct strings dropped; /* parts */
	unsigned torn_count;    /* attempts in which parts changed */
};

struct saving {
	struct again *again;
	const struct cache_save *save;
	struct session *session;
	struct store *store;
	struct store *made; /* where packs are made: in the destination, if it is a layout, else in
			       `store` */
	struct repository *repository;
	struct repository *other;  /* save->parent_repository; NULL: none */
	struct repository *source; /* that has the parent; one of these two */
	struct observer *observer;
	struct digest exact; /* digest of the exact tag; DIGEST_NONE: it does not exist */
	struct buf exact_bytes;
	struct journal journal;
	struct digest damaged; /* the cache that could not be restored */
	int64_t taken_ns;
	struct tree_scan scan;
	struct parts parts;
	struct parent parent;
	struct gathering gathering;
	struct uploads *early; /* content packs, while more are made */
	struct pack_writer *content;
	struct pack_writer *executables;
	struct pack_writer *index;
	struct wire_writer tree;
	struct buf sources;
	struct buf use;
	struct manifest manifest;
	struct descriptors uploads; /* packs that the repository may lack */
	struct cache_saved result;
};

static void
forget_made(const struct saving *saving, const struct pack_writer *writer)
{
	const struct chunk_table *made = writer ? pack_writer_table(writer) : NULL;

	for (size_t i = 0; made && i < made->pack_count; i++)
		if (made->packs[i].digest.algorithm != DIGEST_NONE)
			store_forget(saving->made, &made->packs[i].digest);
}

/* Removes packs that were made or fetched for this save only; those that a layout has committed
 * stay. */
static void
forget_packs(const struct saving *saving)
{
	const struct descriptors *layers = &saving->manifest.layers;
	const struct chunk_table *old = &saving->parent.table;
	const struct chunk_table *executables = &saving->parent.executables;

	for (size_t i = 0; i < layers->count; i++)
		store_forget(saving->made, &layers->items[i].digest);
	forget_made(saving, saving->content);
	forget_made(saving, saving->executables);
	forget_made(saving, saving->index);
	for (size_t i = 0; i < old->pack_count; i++)
		store_forget(saving->store, &old->packs[i].digest);
	for (size_t i = 0; i < executables->pack_count; i++)
		store_forget(saving->store, &executables->packs[i].digest);
}

static void
saving_release(struct saving *saving)
{
	uploads_free(saving->early);
	if (saving->made)
		forget_packs(saving);
	/* They may hold a descriptor of the repository's store. */
	pack_writer_free(saving->content);
	pack_writer_free(saving->executables);
	pack_writer_free(saving->index);
	repository_free(saving->repository);
	repository_free(saving->other);
	buf_release(&saving->exact_bytes);
	journal_release(&saving->journal);
	tree_scan_release(&saving->scan);
	parts_release(&saving->parts);
	parent_release(&saving->parent);
	gathering_release(&saving->gathering);
	buf_release(&saving->tree.buf);
	buf_release(&saving->sources);
	buf_release(&saving->use);
	manifest_release(&saving->manifest);
	descriptors_release(&saving->uploads);
	cache_saved_release(&saving->result);
}

static struct repository *
open_named(const struct saving *saving, const char *text, enum repository_mode mode,
	   struct error **err)
{
	AUTO_LOCATION struct location location = { 0 };

	if (location_parse(text, &location, err) < 0)
		return NULL;
	return repository_open(saving->session, &location, mode, err);
}

static int
resolve_exact(struct saving *saving, struct error **err)
{
	AUTO_RESOLUTION struct resolution resolution = { .bytes = BUF_INIT(MANIFEST_LIMIT_BYTES) };

	if (repository_resolve(saving->repository, saving->save->exact_tag, NULL, &resolution,
			       err) < 0)
		return -1;
	if (resolution.evidence.presence != PRESENCE_PRESENT)
		return 0;
	saving->exact = resolution.descriptor.digest;
	buf_release(&saving->exact_bytes);
	saving->exact_bytes = resolution.bytes;
	resolution.bytes = BUF_INIT(MANIFEST_LIMIT_BYTES);
	return 0;
}

/* Creating something that is not saved also changes a directory's time. */
static bool
is_unchanged(const struct saving *saving)
{
	const struct tree_scan *scan = &saving->scan;
	size_t known = 0;

	if (saving->journal.manifest.algorithm == DIGEST_NONE || !saving->journal.is_whole)
		return false;
	for (size_t i = 0; i < scan->count; i++) {
		if (scan->entries[i].kind == ENTRY_ROOT || scan->entries[i].left_out)
			continue;
		if (!journal_knows(&saving->journal, scan, &scan->entries[i]))
			return false;
		known++;
	}
	return known == saving->journal.count;
}

static void
tell_unreadable(const struct saving *saving, const struct error *failure)
{
	observer_tell(saving->observer, EVENT_NOTICE,
		      "cannot reuse the previous cache, so everything is saved again: %s",
		      error_text(failure));
}

/* Reusing its chunks would damage the new cache too. */
static int
refuse_damaged(const struct saving *saving, const struct digest *digest, struct error **err)
{
	if (!digest_equal(digest, &saving->damaged))
		return 0;
	return error_set(err, ERROR_CONTENT, "it is damaged and could not be restored");
}

/* A parent only saves work: if it cannot be read, everything is saved again, with a notice. */
static int
try_parent(struct saving *saving, struct repository *repository, const char *tag,
	   const struct digest *digest)
{
	AUTO_RESOLUTION struct resolution resolution = { .bytes = BUF_INIT(MANIFEST_LIMIT_BYTES) };
	AUTO_CACHE_ARTIFACT struct cache_artifact artifact = { 0 };
	AUTO_ERROR struct error *failure = NULL;
	struct buf *bytes = &resolution.bytes;

	if (digest && digest_equal(digest, &saving->exact)) {
		bytes = &saving->exact_bytes;
	} else if (repository_resolve(repository, tag, digest, &resolution, &failure) < 0) {
		tell_unreadable(saving, failure);
		return -1;
	} else if (resolution.evidence.presence != PRESENCE_PRESENT) {
		return -1;
	}
	if (cache_artifact_parse(bytes->data, bytes->size, &artifact, &failure) == 0 &&
	    refuse_damaged(saving, &artifact.digest, &failure) == 0 &&
	    parent_load(&saving->parent, &artifact, repository, saving->store, saving->observer,
			&failure) == 0) {
		saving->source = repository;
		return 0;
	}
	tell_unreadable(saving, failure);
	parent_release(&saving->parent);
	return -1;
}

static void
find_parent(struct saving *saving)
{
	const struct strings *pointers = saving->save->pointer_tags;
	const struct digest *known = &saving->journal.manifest;

	if (saving->again->has_no_parent)
		return;
	if (known->algorithm != DIGEST_NONE && !saving->journal.is_damaged &&
	    (try_parent(saving, saving->repository, NULL, known) == 0 ||
	     (saving->other && try_parent(saving, saving->other, NULL, known) == 0)))
		return;
	journal_release(&saving->journal);
	for (size_t i = 0; pointers && i < pointers->count; i++)
		if (try_parent(saving, saving->repository, pointers->items[i], NULL) == 0)
			return;
}

static int
hear_pack(void *context, const struct digest *digest, uint64_t size_bytes, struct error **err)
{
	struct saving *saving = context;
	uint64_t most_bytes = saving->save->most_bytes;

	/* A cache that may turn out too large is uploaded only when its size is known. */
	if (most_bytes > 0 && saving->scan.total_bytes > most_bytes)
		return 0;
	if (saving->made != saving->store)
		return 0;
	if (digest->algorithm != DIGEST_NONE)
		uploads_add(saving->early, digest, size_bytes);
	return uploads_turn(saving->early, err);
}

static struct pack_writer *
new_writer(struct saving *saving, const struct chunk_table *known, struct error **err)
{
	const struct pack_writer_options options = {
		.store = saving->made,
		.known = known,
		.pack_bytes = CACHE_PACK_LIMIT_BYTES,
		.observer = saving->observer,
		.hear = hear_pack,
		.context = saving,
	};

	return pack_writer_new(&options, err);
}

/* Counts of the scan and of the gathering, for the result. */
static void
count(struct saving *saving)
{
	struct cache_saved *result = &saving->result;

	result->file_count = saving->scan.file_count;
	result->total_bytes = saving->scan.total_bytes;
	result->special_count = saving->scan.special_count;
	result->executable_bytes = saving->scan.executable_bytes;
	if (saving->scan.secrets.count > 0) {
		result->secrets = saving->scan.secrets;
		saving->scan.secrets = (struct strings){ 0 };
	}
	result->read_bytes = saving->gathering.read_bytes;
	result->changed_count = saving->gathering.changed_count;
}

/* After the scan: uses the parent's record of the use of parts. */
static void
drop_parts(struct saving *saving)
{
	struct parts *parts = &saving->parts;

	parts_make(&saving->scan, saving->save->filter, parts);
	parts_count_use(parts, &saving->parent.use);
	saving->result.dropped_count = parts_drop_named(parts, &saving->again->dropped);
	saving->result.dropped_count += parts_drop_unused(parts);
	saving->result.was_too_large = saving->again->was_too_large;
	saving->result.was_torn = saving->again->torn_count >= TORN_LIMIT_COUNT;
	parts_leave_out(parts, &saving->scan);
}

static int
gather_tree(struct saving *saving, struct error **err)
{
	if (repository_find_store(saving->repository, &saving->made, err) < 0)
		return -1;
	if (saving->made)
		store_remove_unused(saving->made);
	else
		saving->made = saving->store;
	saving->early = uploads_new(saving->repository, saving->made, saving->observer);
	if (saving->made == saving->store)
		observer_phase(saving->observer, EVENT_BEGUN, PHASE_UPLOAD);
	saving->content = new_writer(saving, &saving->parent.table, err);
	if (!saving->content)
		return -1;
	saving->executables = new_writer(saving, &saving->parent.executables, err);
	if (!saving->executables)
		return -1;
	saving->gathering = (struct gathering){
		.scan = &saving->scan,
		.parts = &saving->parts,
		.journal = &saving->journal,
		.parent = &saving->parent,
		.writer = saving->content,
		.executables = saving->executables,
	};
	if (gather(&saving->gathering, err) < 0 || pack_writer_flush(saving->content, err) < 0 ||
	    pack_writer_flush(saving->executables, err) < 0)
		return -1;
	count(saving);
	return gather_index(&saving->gathering, &saving->tree, err);
}

static int
mark_tree(const struct saving *saving, struct live_chunks *live, struct live_chunks *executables,
	  struct error **err)
{
	AUTO_TREE_CURSOR struct tree_cursor cursor;
	struct tree_entry entry;
	struct chunk_ref ref;
	bool ended = false;

	tree_cursor_open(&cursor, saving->tree.buf.data, saving->tree.buf.size);
	for (;;) {
		if (tree_cursor_next(&cursor, &entry, &ended, err) < 0)
			return -1;
		if (ended)
			return 0;
		while (chunk_refs_next(&entry.chunks, &ref))
			live_chunks_mark(entry.kind == ENTRY_EXECUTABLE ? executables : live,
					 &ref.digest);
	}
}

/* Whether a part changed while it was read.  Then everything is read again, so that the part is of
 * one moment; if it keeps changing, the next attempt leaves it out. */
static bool
is_torn(struct saving *saving)
{
	struct again *again = saving->again;
	const struct parts *parts = &saving->parts;
	bool found = false;

	for (size_t i = 0; i < parts->count; i++) {
		if (!parts->items[i].is_torn)
			continue;
		found = true;
		if (again->torn_count + 1 >= TORN_LIMIT_COUNT)
			strings_add(&again->dropped, parts->items[i].name);
	}
	again->torn_count += found;
	again->is_wanted |= found;
	return found;
}

/* Size of a chunk in either table. */
static uint64_t
frame_bytes(const struct chunk_table *old, const struct chunk_table *new,
	    const struct digest *digest)
{
	const struct packed_chunk *chunk = chunk_table_find(old, digest);

	if (!chunk)
		chunk = chunk_table_find(new, digest);
	return chunk ? chunk->frame_bytes : 0;
}

static uint64_t
weigh_item(const struct saving *saving, const struct gathered *item)
{
	bool is_executable = saving->scan.entries[item->entry].kind == ENTRY_EXECUTABLE;
	const struct pack_writer *writer = is_executable ? saving->executables : saving->content;
	const struct chunk_table *old =
		is_executable ? &saving->parent.executables : &saving->parent.table;
	const struct chunk_ref *made = pack_writer_chunks(writer) + item->first;
	struct chunk_refs chunks = item->reused ? item->reused->chunks : (struct chunk_refs){ 0 };
	struct chunk_ref ref;
	uint64_t bytes = 0;

	for (size_t i = 0; i < item->count; i++)
		bytes += frame_bytes(old, pack_writer_table(writer), &made[i].digest);
	while (chunk_refs_next(&chunks, &ref))
		bytes += frame_bytes(old, pack_writer_table(writer), &ref.digest);
	return bytes;
}

/* A bundle has files of many parts; each counts for about its share of the packed bytes. */
static void
weigh_parts(const struct saving *saving)
{
	const struct gathering *gathering = &saving->gathering;

	for (size_t i = 0; i < saving->scan.count; i++) {
		const struct scanned *entry = &saving->scan.entries[i];
		struct part *part = parts_of(&saving->parts, i);

		if (part && entry->kind == ENTRY_SMALL && !entry->left_out)
			part->packed_bytes += entry->stamp.size_bytes / 4;
	}
	for (size_t i = 0; i < gathering->count; i++) {
		const struct gathered *item = &gathering->items[i];
		struct part *part = parts_of(&saving->parts, item->entry);

		if (part && scanned_is_file(&saving->scan.entries[item->entry]))
			part->packed_bytes += weigh_item(saving, item);
	}
}

/* Whether the live content exceeds most_bytes; then names parts for the next attempt to drop, if
 * that helps. */
static int
check_size(struct saving *saving, bool *ret_too_large, struct error **err)
{
	const struct parent *parent = &saving->parent;
	AUTO_LIVE_CHUNKS struct live_chunks live = { 0 };
	AUTO_LIVE_CHUNKS struct live_chunks executables = { 0 };
	uint64_t most_bytes = saving->save->most_bytes;
	uint64_t bytes = pack_writer_packed_bytes(saving->content) +
			 pack_writer_packed_bytes(saving->executables);
	struct again *again = saving->again;

	if (most_bytes == 0)
		return 0;
	live_chunks_init(&live, &parent->table);
	live_chunks_init(&executables, &parent->executables);
	if (mark_tree(saving, &live, &executables, err) < 0)
		return -1;
	bytes += live_chunks_bytes(&live) + live_chunks_bytes(&executables);
	/* The index is added to it. */
	*ret_too_large = bytes > most_bytes - most_bytes / 32;
	if (!*ret_too_large)
		return 0;
	weigh_parts(saving);
	again->is_wanted =
		parts_choose(&saving->parts, bytes - most_bytes + most_bytes / 16, &again->dropped);
	again->was_too_large = true;
	saving->result.end = CACHE_TOO_LARGE;
	saving->result.packed_bytes = bytes;
	return 0;
}

static int
fetch_packs(struct saving *saving, const struct chunk_table *table, const struct pack_use *uses,
	    const char *media_type, struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors packs = { 0 };
	const struct fetch_options fetch = {
		.repository = saving->source,
		.store = saving->store,
		.observer = saving->observer,
		.is_passing = true,
	};

	for (size_t i = 0; i < table->pack_count; i++) {
		struct descriptor pack;

		if (!uses[i].is_rewritten)
			continue;
		pack = cache_layer(media_type, "pack", &table->packs[i].digest,
				   table->packs[i].size_bytes);
		descriptors_take(&packs, &pack);
	}
	return packs.count > 0 ? fetch_blobs(&fetch, &packs, err) : 0;
}

/* Adds the packs of one kind, kept and new, to the manifest; `ret_table`: the same, in that order.
 */
static int
settle_packs(struct saving *saving, struct pack_writer *writer, const struct live_chunks *live,
	     const char *media_type, size_t spare, struct chunk_table *ret_table,
	     struct error **err)
{
	const struct chunk_table *old = live->table;
	AUTO_FREE struct pack_use *uses = xcalloc(old->pack_count + 1, sizeof(*uses));
	const struct pack_limits limits = {
		.full_bytes = CACHE_PACK_LIMIT_BYTES,
		.spare = spare,
		.new_bytes = pack_writer_packed_bytes(writer),
		.most_bytes = saving->save->most_bytes - saving->save->most_bytes / 32,
	};
	const char *name = strcmp(media_type, MEDIA_CACHE_PACK) == 0          ? "pack"
			   : strcmp(media_type, MEDIA_CACHE_EXECUTABLES) == 0 ? "executables"
									      : "index";
	const struct chunk_table *new;

	live_chunks_count(live, uses);
	pack_plan(uses, old->pack_count, &limits);
	if (fetch_packs(saving, old, uses, media_type, err) < 0)
		return -1;
	for (size_t i = 0; i < old->pack_count; i++)
		if (uses[i].is_rewritten &&
		    live_chunks_copy(live, i, saving->store, writer, err) < 0)
			return -1;
	if (pack_writer_finish(writer, err) < 0)
		return -1;
	for (size_t i = 0; i < old->pack_count; i++) {
		if (!uses[i].is_kept)
			continue;
		chunk_table_append(ret_table, old, i);
	}
	new = pack_writer_table(writer);
	for (size_t i = 0; i < new->pack_count; i++)
		chunk_table_append(ret_table, new, i);
	for (size_t i = 0; i < ret_table->pack_count; i++) {
		struct descriptor layer = cache_layer(media_type, name, &ret_table->packs[i].digest,
						      ret_table->packs[i].size_bytes);
		bool is_new = i + new->pack_count >= ret_table->pack_count;

		saving->result.packed_bytes += layer.size_bytes;
		saving->result.new_bytes += is_new ? layer.size_bytes : 0;
		if (!uploads_has(saving->early, &layer.digest) &&
		    (is_new || saving->source != saving->repository))
			descriptors_add(&saving->uploads, &layer);
		descriptors_take(&saving->manifest.layers, &layer);
	}
	return 0;
}

/* Adds both tables, as streams of the index. */
static int
settle_content(struct saving *saving, struct wire_writer *ret_chunks,
	       struct wire_writer *ret_executables, struct error **err)
{
	const struct parent *parent = &saving->parent;
	AUTO_LIVE_CHUNKS struct live_chunks live = { 0 };
	AUTO_LIVE_CHUNKS struct live_chunks executables = { 0 };
	AUTO_CHUNK_TABLE struct chunk_table table = { 0 };
	AUTO_CHUNK_TABLE struct chunk_table executable_table = { 0 };
	bool is_full;

	live_chunks_init(&live, &parent->table);
	live_chunks_init(&executables, &parent->executables);
	if (mark_tree(saving, &live, &executables, err) < 0 ||
	    settle_packs(saving, saving->content, &live, MEDIA_CACHE_PACK, CONTENT_SPARE, &table,
			 err) < 0 ||
	    settle_packs(saving, saving->executables, &executables, MEDIA_CACHE_EXECUTABLES,
			 EXECUTABLES_SPARE, &executable_table, err) < 0)
		return -1;
	saving->result.pack_count = table.pack_count + executable_table.pack_count;
	for (size_t i = 0; i < table.pack_count; i++)
		chunk_table_put(ret_chunks, &table, i);
	for (size_t i = 0; i < executable_table.pack_count; i++)
		chunk_table_put(ret_executables, &executable_table, i);
	is_full = ret_chunks->is_full || ret_executables->is_full;
	if (saving->result.pack_count <= CACHE_PACKS_LIMIT_COUNT && !is_full)
		return 0;
	error_set(err, ERROR_CONTENT, "cannot save so much: the cache has more than %d packs",
		  CACHE_PACKS_LIMIT_COUNT);
	return error_set_class(err, CLASS_LIMIT);
}

static int
add_stream(struct saving *saving, const void *bytes, size_t size, struct error **err)
{
	const char *at = bytes;

	while (size > 0) {
		size_t cut = chunk_cut(&index_chunks, at, size);

		if (pack_writer_add(saving->index, at, cut, err) < 0)
			return -1;
		at += cut;
		size -= cut;
	}
	return 0;
}

struct stream_range {
	size_t first;
	size_t end;
};

static int
add_streams(struct saving *saving, const struct wire_writer *chunks,
	    const struct wire_writer *executables, struct stream_range *ranges, struct error **err)
{
	static const struct buf none;
	const struct cache_save *save = saving->save;
	const struct buf *streams[STREAM_COUNT] = {
		[STREAM_TREE] = &saving->tree.buf,
		[STREAM_CHUNKS] = &chunks->buf,
		[STREAM_SOURCES] = &saving->sources,
		[STREAM_RECORD] = save->record ? save->record : &none,
		[STREAM_USE] = &saving->use,
		[STREAM_EXECUTABLES] = &executables->buf,
	};

	saving->index = new_writer(saving, &saving->parent.head.packs, err);
	if (!saving->index)
		return -1;
	for (size_t i = 0; i < STREAM_COUNT; i++) {
		ranges[i].first = pack_writer_count(saving->index);
		if (add_stream(saving, streams[i]->data, streams[i]->size, err) < 0)
			return -1;
		ranges[i].end = pack_writer_count(saving->index);
	}
	return pack_writer_flush(saving->index, err);
}

static int
add_head(struct saving *saving, struct index_head *head, struct error **err)
{
	AUTO_BUF struct buf frame = BUF_INIT(CACHE_HEAD_LIMIT_BYTES);
	struct digest digest;
	struct descriptor layer;

	if (index_head_format(head, &frame, err) < 0)
		return -1;
	digest = digest_of(DIGEST_SHA256, frame.data, frame.size);
	if (store_add(saving->made, &digest, frame.data, frame.size, err) < 0)
		return -1;
	layer = cache_layer(MEDIA_CACHE_INDEX, "head", &digest, frame.size);
	saving->result.packed_bytes += frame.size;
	saving->result.new_bytes += frame.size;
	descriptors_add(&saving->uploads, &layer);
	descriptors_take(&saving->manifest.layers, &layer);
	return 0;
}

static int
settle_index(struct saving *saving, const struct wire_writer *chunks,
	     const struct wire_writer *executables, struct error **err)
{
	AUTO_LIVE_CHUNKS struct live_chunks live = { 0 };
	AUTO_INDEX_HEAD struct index_head head = { 0 };
	struct stream_range ranges[STREAM_COUNT];

	live_chunks_init(&live, &saving->parent.head.packs);
	if (add_streams(saving, chunks, executables, ranges, err) < 0)
		return -1;
	for (size_t i = 0; i < STREAM_COUNT; i++) {
		struct stream_chunks *stream = &head.streams[i];

		stream->items =
			xcalloc(ranges[i].end - ranges[i].first + 1, sizeof(*stream->items));
		for (size_t at = ranges[i].first; at < ranges[i].end; at++) {
			stream->items[stream->count++] =
				pack_writer_chunks(saving->index)[at].digest;
			live_chunks_mark(&live, &stream->items[stream->count - 1]);
		}
	}
	if (settle_packs(saving, saving->index, &live, MEDIA_CACHE_INDEX_PACK, INDEX_SPARE,
			 &head.packs, err) < 0)
		return -1;
	return add_head(saving, &head, err);
}

/* The parent's time of cleaning, or now if that is a day ago: each cache passes it on. */
static char *
time_of_pruning(struct saving *saving)
{
	const char *text =
		manifest_annotation(&saving->parent.artifact.manifest, ANNOTATION_CACHE_PRUNED);
	bool has_parent = saving->parent.artifact.digest.algorithm != DIGEST_NONE;
	uint64_t now_s = (uint64_t)time(NULL);
	uint64_t pruned_s = 0;

	if (text && text_parse_uint(text, INT64_MAX, &pruned_s) &&
	    pruned_s + PRUNE_INTERVAL_S > now_s && pruned_s <= now_s)
		return xstrdup(text);
	if (has_parent && !saving->save->may_prune)
		return xstrdup_null(text);
	saving->result.is_time_to_prune = has_parent;
	return xasprintf("%" PRIu64, now_s);
}

/* The annotations, and the config. */
static int
describe(struct saving *saving, struct error **err)
{
	const struct cache_save *save = saving->save;
	const struct digest *parent = &saving->parent.artifact.digest;
	AUTO_FREE char *pruned = time_of_pruning(saving);
	AUTO_STRINGS struct strings paths = { 0 };
	const struct cache_facts facts = {
		.name = save->name,
		.key = save->key,
		.scope = save->scope,
		.variant = save->variant,
		.revision = save->revision,
		.pruned = pruned,
		.paths = &paths,
		.parent = parent->algorithm == DIGEST_NONE ? NULL : parent,
		.total_bytes = saving->result.total_bytes,
		.file_count = saving->result.file_count,
		.newest_ns = (uint64_t)saving->gathering.newest_ns,
	};
	struct descriptor *config = &saving->manifest.config;
	AUTO_FREE char *text = NULL;

	for (size_t i = 0; i < save->roots->count; i++)
		strings_add(&paths, save->roots->items[i].label);
	saving->manifest.annotations = cache_annotations(&facts);
	saving->manifest.artifact_type = xstrdup(MEDIA_CACHE);
	text = cache_config_format(&facts);
	*config = (struct descriptor){
		.media_type = xstrdup(MEDIA_CACHE_CONFIG),
		.digest = digest_of(DIGEST_SHA256, text, strlen(text)),
		.size_bytes = strlen(text),
	};
	descriptors_add(&saving->uploads, config);
	return store_add(saving->made, &config->digest, text, strlen(text), err);
}

/* Another repository at the same registry: its blobs can be mounted. */
static const char *
mount_name(const struct saving *saving)
{
	const char *from = saving->save->parent_repository;
	const char *to = saving->save->repository;
	size_t host_size = strcspn(to, "/");

	if (saving->source == saving->repository || text_starts(from, "oci:") ||
	    strncmp(from, to, host_size + 1) != 0)
		return NULL;
	return from + host_size + 1;
}

static int
upload(struct saving *saving, struct error **err)
{
	const struct send_options send = {
		.source = saving->source,
		.made = saving->made,
		.destination = saving->repository,
		.mount_from = mount_name(saving),
		.observer = saving->observer,
	};

	if (uploads_finish(saving->early, err) < 0)
		return -1;
	return send_blobs(&send, &saving->uploads, err);
}

static int
put_tags(struct saving *saving, const char *text, struct error **err)
{
	const struct cache_save *save = saving->save;
	AUTO_DESCRIPTOR struct descriptor descriptor = {
		.media_type = xstrdup(MEDIA_OCI_MANIFEST),
		.digest = digest_of(DIGEST_SHA256, text, strlen(text)),
		.size_bytes = strlen(text),
	};
	struct put_result put;

	saving->result.manifest = descriptor.digest;
	if (repository_put_manifest(saving->repository, save->exact_tag, &descriptor, text, &put,
				    err) < 0)
		return -1;
	for (size_t i = 0; save->pointer_tags && i < save->pointer_tags->count; i++)
		if (repository_put_manifest(saving->repository, save->pointer_tags->items[i],
					    &descriptor, text, &put, err) < 0)
			return -1;
	return 0;
}

/* Another job may have saved meanwhile: the first one wins. */
static int
look_again(struct saving *saving, struct error **err)
{
	struct digest before = saving->exact;

	saving->exact = (struct digest){ 0 };
	buf_clear(&saving->exact_bytes);
	if (resolve_exact(saving, err) < 0)
		return -1;
	if (digest_equal(&before, &saving->exact))
		return 0;
	saving->result.end = CACHE_TAKEN;
	saving->result.manifest = saving->exact;
	return 0;
}

static int
publish(struct saving *saving, struct error **err)
{
	AUTO_FREE char *text = NULL;
	struct descriptor head = saving->manifest.layers.items[saving->manifest.layers.count - 1];

	/* The head was made last, but is the first layer. */
	memmove(saving->manifest.layers.items + 1, saving->manifest.layers.items,
		(saving->manifest.layers.count - 1) * sizeof(head));
	saving->manifest.layers.items[0] = head;
	if (describe(saving, err) < 0)
		return -1;
	text = manifest_format(&saving->manifest);
	if (upload(saving, err) < 0 || look_again(saving, err) < 0)
		return -1;
	if (saving->result.end == CACHE_TAKEN)
		return 0;
	if (put_tags(saving, text, err) < 0)
		return -1;
	return journal_write(saving->save->journal_folder, saving->save->roots, &saving->scan,
			     saving->taken_ns, &saving->result.manifest, err);
}

/* After an exact hit the build may have touched files without changing them. */
static bool
has_same_shape(const struct saving *saving)
{
	AUTO_ERROR struct error *ignored = NULL;
	struct digest shape;

	return digest_equal(&saving->exact, &saving->parent.artifact.digest) &&
	       tree_shape(saving->tree.buf.data, saving->tree.buf.size, &shape, &ignored) == 0 &&
	       digest_equal(&shape, &saving->parent.shape);
}

static int
save_tree(struct saving *saving, struct error **err)
{
	struct wire_writer chunks = { .buf = BUF_INIT(CACHE_STREAM_LIMIT_BYTES) };
	struct wire_writer executables = { .buf = BUF_INIT(CACHE_STREAM_LIMIT_BYTES) };
	const struct cache_save_hook *hook = saving->save->hook;
	bool is_too_large = false;
	int ret;

	find_parent(saving);
	drop_parts(saving);
	if (gather_tree(saving, err) < 0)
		return -1;
	if (is_torn(saving))
		return 0;
	if (has_same_shape(saving)) {
		saving->result.end = CACHE_UNCHANGED;
		saving->result.manifest = saving->exact;
		return 0;
	}
	if (check_size(saving, &is_too_large, err) < 0)
		return -1;
	if (is_too_large)
		return 0;
	if (parts_write_use(&saving->parts, &saving->use, err) < 0)
		return -1;
	if (hook && hook->sources(hook->context, &saving->sources, err) < 0)
		return -1;
	ret = settle_content(saving, &chunks, &executables, err);
	if (ret == 0)
		ret = settle_index(saving, &chunks, &executables, err);
	buf_release(&chunks.buf);
	buf_release(&executables.buf);
	if (ret < 0)
		return -1;
	if (saving->save->most_bytes > 0 &&
	    saving->result.packed_bytes > saving->save->most_bytes) {
		saving->result.end = CACHE_TOO_LARGE;
		return 0;
	}
	return publish(saving, err);
}

static int
scan_tree(struct saving *saving, struct error **err)
{
	static const enum tree_executables ways[] = {
		[CACHE_NO_EXECUTABLES] = TREE_NO_EXECUTABLES,
		[CACHE_ALL_EXECUTABLES] = TREE_ALL_EXECUTABLES,
		[CACHE_SOME_EXECUTABLES] = TREE_MARKED_EXECUTABLES,
	};
	const struct cache_save *save = saving->save;

	saving->taken_ns = journal_now_ns();
	if (tree_scan(save->roots, save->filter, ways[save->executables], &saving->scan, err) < 0)
		return -1;
	/* Executables that are more than a quarter of all bytes are linked faster than fetched. */
	if (save->executables == CACHE_SOME_EXECUTABLES &&
	    saving->scan.executable_bytes * 4 > saving->scan.total_bytes)
		for (size_t i = 0; i < saving->scan.count; i++)
			if (saving->scan.entries[i].is_executable)
				tree_scan_leave_out(&saving->scan, &saving->scan.entries[i]);
	count(saving);
	return 0;
}

static int
run(struct saving *saving, struct error **err)
{
	const struct cache_save *save = saving->save;
	const struct digest *known = &saving->journal.manifest;
	const char *other = save->parent_repository;

	saving->repository = open_named(saving, save->repository, REPOSITORY_WRITE, err);
	if (!saving->repository)
		return -1;
	saving->source = saving->repository;
	if (other && strcmp(other, save->repository) != 0) {
		saving->other = open_named(saving, other, REPOSITORY_READ, err);
		if (!saving->other)
			return -1;
	}
	saving->store = session_store(saving->session, err);
	if (!saving->store || resolve_exact(saving, err) < 0)
		return -1;
	journal_read(save->journal_folder, save->roots, &saving->journal);
	if (saving->journal.is_damaged)
		saving->damaged = *known;
	if (saving->exact.algorithm != DIGEST_NONE && !digest_equal(&saving->exact, known)) {
		saving->result.end = CACHE_TAKEN;
		saving->result.manifest = saving->exact;
		return 0;
	}
	if (scan_tree(saving, err) < 0)
		return -1;
	if (saving->scan.count == 0) {
		saving->result.end = CACHE_EMPTY;
		return 0;
	}
	if (saving->exact.algorithm != DIGEST_NONE && is_unchanged(saving)) {
		saving->result.end = CACHE_UNCHANGED;
		saving->result.manifest = saving->exact;
		return 0;
	}
	return save_tree(saving, err);
}

static int
save_once(struct session *session, const struct cache_save *save, struct again *again,
	  struct cache_saved *ret_saved, struct error **err)
{
	CLEANUP(saving_release)
	struct saving saving = {
		.again = again,
		.save = save,
		.session = session,
		.observer = session_observer(session),
		.exact_bytes = BUF_INIT(MANIFEST_LIMIT_BYTES),
		.parent = PARENT_INIT,
		.tree = { .buf = BUF_INIT(CACHE_STREAM_LIMIT_BYTES) },
		.sources = BUF_INIT(CACHE_STREAM_LIMIT_BYTES),
		.use = BUF_INIT(CACHE_STREAM_LIMIT_BYTES),
	};

	if (run(&saving, err) < 0)
		return -1;
	*ret_saved = saving.result;
	saving.result = (struct cache_saved){ 0 };
	return 0;
}

static int
save_until_whole(struct session *session, const struct cache_save *save, struct again *again,
		 struct cache_saved *ret_saved, struct error **err)
{
	for (unsigned i = 0; i < SAVE_ATTEMPTS_LIMIT_COUNT; i++) {
		AUTO_ERROR struct error *failure = NULL;

		again->is_wanted = false;
		if (save_once(session, save, again, ret_saved, &failure) == 0) {
			if (!again->is_wanted)
				return 0;
			cache_saved_release(ret_saved);
			continue;
		}
		/* A registry may have dropped packs of the parent: then everything is saved again.
		 */
		if (!error_has_class(failure, CLASS_BLOB_UNKNOWN) || again->has_no_parent)
			return error_pass(err, TAKE_PTR(failure));
		again->has_no_parent = true;
	}
	return error_set(err, ERROR_LOCAL, "its files change all the time");
}

int
cache_save(struct session *session, const struct cache_save *save, struct cache_saved *ret_saved,
	   struct error **err)
{
	struct again again = { 0 };
	int ret = save_until_whole(session, save, &again, ret_saved, err);

	strings_release(&again.dropped);
	return ret;
}

void
cache_saved_release(struct cache_saved *saved)
{
	strings_release(&saved->secrets);
	*saved = (struct cache_saved){ 0 };
}
