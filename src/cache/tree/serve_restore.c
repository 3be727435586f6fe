/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/workers.h"
#include "base/xalloc.h"
#include "cache/tree/restore_request.h"
#include "cache/tree/served_index.h"
#include "cache/tree/tree_writer.h"
#include "layer/helper/layer_helper.h"

#define TREE_FD HELPER_FIRST_FD
#define HEAD_FD (HELPER_FIRST_FD + 1)

/* Each thread has a stack and a malloc() arena within the helper's limit of address space. */
enum { THREADS_LIMIT_COUNT = 4 };

struct restoring {
	struct service *service;
	struct restore_request request;
	struct workers *workers;
	struct served_index served;
	struct buf index;
	struct buf chunks;
	struct chunk_table table;
	struct tree_writer *writer;
};

static void
restoring_release(struct restoring *restoring)
{
	workers_free(restoring->workers);
	tree_writer_free(restoring->writer);
	served_index_release(&restoring->served);
	chunk_table_release(&restoring->table);
	buf_release(&restoring->index);
	buf_release(&restoring->chunks);
	restore_request_release(&restoring->request);
}

/* Threads are started before the sandbox denies that. */
struct starter {
	struct job job;
	pthread_barrier_t *barrier;
};

static void
meet(struct job *job)
{
	pthread_barrier_wait(((struct starter *)job)->barrier);
}

/* The packs with executables come after the others; a pack of both kinds is in the table once. */
static int
read_executables(struct restoring *restoring, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(CACHE_STREAM_LIMIT_BYTES);
	AUTO_CHUNK_TABLE struct chunk_table table = { 0 };

	if (served_index_read(&restoring->served, STREAM_EXECUTABLES, &bytes, err) < 0 ||
	    chunk_table_parse(bytes.data, bytes.size, &table, err) < 0)
		return -1;
	for (size_t i = 0; i < table.pack_count; i++)
		if (!chunk_table_has_pack(&restoring->table, &table.packs[i].digest))
			chunk_table_append(&restoring->table, &table, i);
	return 0;
}

static int
read_index(struct restoring *restoring, struct error **err)
{
	const struct served_index *served = &restoring->served;

	if (served_index_open(&restoring->served, HEAD_FD, restoring->service->channel_fd,
			      restoring->request.index_pack_count, err) < 0 ||
	    served_index_read(served, STREAM_TREE, &restoring->index, err) < 0 ||
	    served_index_read(served, STREAM_CHUNKS, &restoring->chunks, err) < 0 ||
	    chunk_table_parse(restoring->chunks.data, restoring->chunks.size, &restoring->table,
			      err) < 0)
		return -1;
	return restoring->request.executables ? read_executables(restoring, err) : 0;
}

static int
write_tree(struct restoring *restoring, struct error **err)
{
	const struct restore_request *request = &restoring->request;
	const struct tree_writer_plan plan = {
		.index = restoring->index.data,
		.index_size = restoring->index.size,
		.table = &restoring->table,
		.label = request->label,
		.executables = request->executables,
		.shift_ns = request->shift_ns,
		.most_bytes = request->most_bytes,
	};

	restoring->writer = tree_writer_new(&plan, TREE_FD, err);
	if (!restoring->writer || tree_writer_begin(restoring->writer, err) < 0)
		return -1;
	for (uint64_t i = 0; i < request->pack_count; i++) {
		struct digest digest;
		AUTO_CLOSE int fd =
			served_pack_receive(restoring->service->channel_fd, &digest, err);
		size_t number = 0;
		const struct message item = MESSAGE_INIT(MESSAGE_ITEM);

		if (fd < 0 || served_pack_find(&restoring->table, &digest, &number, err) < 0 ||
		    tree_writer_pack(restoring->writer, number, fd, restoring->workers, err) < 0)
			return -1;
		if (message_send(restoring->service->channel_fd, &item, err) < 0)
			return -1;
	}
	return tree_writer_finish(restoring->writer, err);
}

static int
serve_restore(struct service *service, struct error **err)
{
	CLEANUP(restoring_release)
	struct restoring restoring = {
		.service = service,
		.served = SERVED_INDEX_INIT,
		.index = BUF_INIT(CACHE_STREAM_LIMIT_BYTES),
		.chunks = BUF_INIT(CACHE_STREAM_LIMIT_BYTES),
	};
	AUTO_MESSAGE struct message message = MESSAGE_INIT(MESSAGE_RESULT);
	unsigned count;
	struct starter starters[THREADS_LIMIT_COUNT];
	pthread_barrier_t barrier;

	if (restore_request_get(&service->request, &restoring.request, err) < 0 ||
	    service_confine_process(service, TREE_FD, err) < 0)
		return -1;
	count = workers_count(THREADS_LIMIT_COUNT);
	restoring.workers = workers_new(count, err);
	if (!restoring.workers)
		return -1;
	pthread_barrier_init(&barrier, NULL, count + 1);
	for (unsigned i = 0; i < count; i++) {
		starters[i] = (struct starter){ { .run = meet }, &barrier };
		workers_queue(restoring.workers, &starters[i].job);
	}
	pthread_barrier_wait(&barrier);
	pthread_barrier_destroy(&barrier);
	if (service_confine_calls(service, err) < 0)
		return -1;
	if (fchmod(TREE_FD, 0700) < 0)
		return error_set_errno(err, errno, "cannot take the directory");
	if (read_index(&restoring, err) < 0 || write_tree(&restoring, err) < 0)
		return -1;
	message_put_number(&message, tree_writer_has_root(restoring.writer));
	message_put_number(&message, tree_writer_files(restoring.writer));
	message_put_number(&message, tree_writer_bytes(restoring.writer));
	return message_send(restoring.service->channel_fd, &message, err);
}

const struct helper_verb cache_verbs[] = {
	{ "index", serve_index },
	{ "restore", serve_restore },
	{ 0 },
};
