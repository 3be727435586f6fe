/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/transfer/pack_writer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/workers.h"
#include "base/xalloc.h"
#include "cache/format/frame.h"
#include "store/ingest.h"
#include "store/store.h"
#include "stream/sink.h"

/* This many chunks, with this many bytes together, may be in progress: enough that a thread that
 * the system delays does not make the others wait. */
enum { THREADS_LIMIT_COUNT = 6, SLOTS_COUNT = 64 };
static const uint64_t under_way_limit_bytes = 16 * MIB;

struct slot {
	struct job job;
	struct pack_writer *writer;
	uint8_t *bytes;
	size_t size;
	uint8_t *frame;
	size_t frame_size;
	struct digest digest;
	bool is_known;
	bool is_done;
	struct error *failure;
};

struct pack_writer {
	struct pack_writer_options options;
	struct workers *workers;
	pthread_mutex_t lock;
	pthread_cond_t slot_done;
	struct slot slots[SLOTS_COUNT]; /* a ring: `first` is the oldest in progress */
	size_t first;
	size_t busy_count;
	uint64_t busy_bytes;
	struct frame_coder *coders[THREADS_LIMIT_COUNT]; /* chunks that no thread has taken */
	size_t coder_count;
	struct chunk_ref *chunks;
	size_t chunk_count; /* of which the first `collected` are known */
	size_t collected;
	struct chunk_table table;
	struct sink *pack; /* NULL: none is open */
	struct measure measure;
	uint64_t packed_bytes;
};

static void
work(struct slot *slot, struct frame_coder *coder)
{
	slot->digest = digest_of(DIGEST_SHA256, slot->bytes, slot->size);
	slot->is_known = slot->writer->options.known &&
			 chunk_table_find(slot->writer->options.known, &slot->digest);
	if (slot->is_known)
		return;
	slot->frame = xrealloc(NULL, frame_bound(slot->size));
	if (frame_write(coder, slot->bytes, slot->size, slot->frame, frame_bound(slot->size),
			&slot->frame_size, &slot->failure) == 0)
		slot->frame = xrealloc(slot->frame, slot->frame_size);
	free(TAKE_PTR(slot->bytes));
}

static void
run_slot(struct job *job)
{
	struct slot *slot = (struct slot *)job;
	struct pack_writer *writer = slot->writer;
	struct frame_coder *coder;

	pthread_mutex_lock(&writer->lock);
	coder = writer->coders[--writer->coder_count];
	pthread_mutex_unlock(&writer->lock);
	work(slot, coder);
	pthread_mutex_lock(&writer->lock);
	writer->coders[writer->coder_count++] = coder;
	slot->is_done = true;
	pthread_cond_signal(&writer->slot_done);
	pthread_mutex_unlock(&writer->lock);
}

static int
tell(const struct pack_writer *writer, const struct digest *digest, uint64_t size_bytes,
     struct error **err)
{
	const struct pack_writer_options *options = &writer->options;

	return options->hear ? options->hear(options->context, digest, size_bytes, err) : 0;
}

static int
finish_pack(struct pack_writer *writer, struct error **err)
{
	struct packed_file *pack;

	if (!writer->pack)
		return 0;
	if (sink_finish(writer->pack, err) < 0)
		return -1;
	pack = &writer->table.packs[writer->table.pack_count - 1];
	pack->digest = writer->measure.digest;
	sink_free(TAKE_PTR(writer->pack));
	return tell(writer, &pack->digest, pack->size_bytes, err);
}

static int
write_frame(struct pack_writer *writer, const struct digest *digest, const void *frame,
	    size_t frame_size, size_t size, struct error **err)
{
	const struct packed_file *pack = NULL;

	if (writer->pack)
		pack = &writer->table.packs[writer->table.pack_count - 1];
	if (pack && pack->size_bytes + frame_size > writer->options.pack_bytes &&
	    finish_pack(writer, err) < 0)
		return -1;
	if (!writer->pack) {
		writer->pack = store_new_blob(writer->options.store, &writer->measure, err);
		if (!writer->pack)
			return -1;
		chunk_table_add_pack(&writer->table);
	}
	if (sink_write(writer->pack, frame, frame_size, err) < 0)
		return -1;
	chunk_table_add(&writer->table, digest, (uint32_t)frame_size, (uint32_t)size);
	writer->packed_bytes += frame_size;
	return 0;
}

static int
take_slot(struct pack_writer *writer, struct slot *slot, struct error **err)
{
	writer->chunks[writer->collected++] =
		(struct chunk_ref){ slot->digest, (uint32_t)slot->size };
	if (slot->failure)
		return error_pass(err, TAKE_PTR(slot->failure));
	if (slot->is_known || chunk_table_find(&writer->table, &slot->digest))
		return 0;
	observer_count(writer->options.observer, EVENT_PACKED, slot->size);
	return write_frame(writer, &slot->digest, slot->frame, slot->frame_size, slot->size, err);
}

/* Waits for the oldest. */
static int
collect(struct pack_writer *writer, struct error **err)
{
	static const struct digest none;
	struct slot *slot = &writer->slots[writer->first];

	if (tell(writer, &none, 0, err) < 0)
		return -1;
	pthread_mutex_lock(&writer->lock);
	while (!slot->is_done)
		pthread_cond_wait(&writer->slot_done, &writer->lock);
	pthread_mutex_unlock(&writer->lock);
	writer->first = (writer->first + 1) % SLOTS_COUNT;
	writer->busy_count--;
	writer->busy_bytes -= slot->size;
	if (take_slot(writer, slot, err) < 0)
		return -1;
	free(TAKE_PTR(slot->bytes));
	free(TAKE_PTR(slot->frame));
	return 0;
}

int
pack_writer_flush(struct pack_writer *writer, struct error **err)
{
	while (writer->busy_count > 0)
		if (collect(writer, err) < 0)
			return -1;
	return 0;
}

int
pack_writer_add(struct pack_writer *writer, const void *bytes, size_t size, struct error **err)
{
	struct slot *slot;

	while (writer->busy_count == SLOTS_COUNT ||
	       (writer->busy_count > 0 && writer->busy_bytes + size > under_way_limit_bytes))
		if (collect(writer, err) < 0)
			return -1;
	writer->chunks = xgrow(writer->chunks, writer->chunk_count, sizeof(*writer->chunks));
	writer->chunk_count++;
	slot = &writer->slots[(writer->first + writer->busy_count++) % SLOTS_COUNT];
	writer->busy_bytes += size;
	slot->bytes = xrealloc(NULL, size);
	memcpy(slot->bytes, bytes, size);
	slot->size = size;
	slot->is_done = false;
	workers_queue(writer->workers, &slot->job);
	return 0;
}

int
pack_writer_add_frame(struct pack_writer *writer, const struct packed_chunk *chunk,
		      const void *frame, struct error **err)
{
	if (pack_writer_flush(writer, err) < 0)
		return -1;
	if (chunk_table_find(&writer->table, &chunk->digest))
		return 0;
	return write_frame(writer, &chunk->digest, frame, chunk->frame_bytes, chunk->size_bytes,
			   err);
}

int
pack_writer_finish(struct pack_writer *writer, struct error **err)
{
	return pack_writer_flush(writer, err) < 0 ? -1 : finish_pack(writer, err);
}

const struct chunk_ref *
pack_writer_chunks(const struct pack_writer *writer)
{
	return writer->chunks;
}

size_t
pack_writer_count(const struct pack_writer *writer)
{
	return writer->chunk_count;
}

const struct chunk_table *
pack_writer_table(const struct pack_writer *writer)
{
	return &writer->table;
}

uint64_t
pack_writer_packed_bytes(const struct pack_writer *writer)
{
	return writer->packed_bytes;
}

struct pack_writer *
pack_writer_new(const struct pack_writer_options *options, struct error **err)
{
	unsigned thread_count = workers_count(THREADS_LIMIT_COUNT);
	struct pack_writer *writer = XNEW(struct pack_writer);

	writer->options = *options;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->slot_done, NULL);
	for (size_t i = 0; i < SLOTS_COUNT; i++) {
		writer->slots[i].job.run = run_slot;
		writer->slots[i].writer = writer;
	}
	while (writer->coder_count < thread_count)
		writer->coders[writer->coder_count++] = frame_coder_new();
	writer->workers = workers_new(thread_count, err);
	if (!writer->workers) {
		pack_writer_free(writer);
		return NULL;
	}
	return writer;
}

void
pack_writer_free(struct pack_writer *writer)
{
	if (!writer)
		return;
	workers_free(writer->workers);
	for (size_t i = 0; i < SLOTS_COUNT; i++) {
		free(writer->slots[i].bytes);
		free(writer->slots[i].frame);
		error_free(writer->slots[i].failure);
	}
	while (writer->coder_count > 0)
		frame_coder_free(writer->coders[--writer->coder_count]);
	sink_free(writer->pack);
	free(writer->chunks);
	chunk_table_release(&writer->table);
	pthread_cond_destroy(&writer->slot_done);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}
