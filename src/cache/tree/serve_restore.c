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
#include "cache/format/index_reader.h"
#include "cache/tree/restore_request.h"
#include "cache/tree/tree_writer.h"
#include "layer/helper/layer_helper.h"

#define TREE_FD HELPER_FIRST_FD
#define HEAD_FD (HELPER_FIRST_FD + 1)

/* Each with a stack, and the arenas of malloc() within what a helper may have of address space. */
enum { THREADS_LIMIT_COUNT = 4 };

struct restoring {
	struct service *service;
	struct restore_request request;
	struct workers *workers;
	struct index_head head;
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
	index_head_release(&restoring->head);
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

/* The next pack, whose digest comes with it. */
static int
receive_pack(const struct restoring *restoring, struct digest *ret_digest, struct error **err)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(0);
	int channel_fd = restoring->service->channel_fd;
	const char *text = NULL;
	bool ended = false;

	if (message_receive(channel_fd, &message, &ended, err) < 0)
		return -1;
	if (ended || message.type != MESSAGE_LAYER)
		return error_set(err, ERROR_FAILURE, "the packs of the cache did not all come");
	if (message_get_text(&message, &text, err) < 0 || digest_parse(text, ret_digest, err) < 0)
		return -1;
	return message_receive_fd(channel_fd, err);
}

static int
find_pack(const struct chunk_table *table, const struct digest *digest, size_t *ret_number,
	  struct error **err)
{
	for (size_t i = 0; i < table->pack_count; i++) {
		if (digest_equal(&table->packs[i].digest, digest)) {
			*ret_number = i;
			return 0;
		}
	}
	return error_set(err, ERROR_CONTENT, "invalid cache index: pack '%s' is not in it",
			 digest_text(digest).text);
}

static int
read_head(struct restoring *restoring, struct error **err)
{
	AUTO_BUF struct buf frame = BUF_INIT(CACHE_HEAD_LIMIT_BYTES);

	if (fd_read_all(HEAD_FD, &frame, "the index of the cache", err) < 0)
		return -1;
	return index_head_parse(frame.data, frame.size, &restoring->head, err);
}

static int
receive_index_packs(struct restoring *restoring, int *fds, struct error **err)
{
	for (uint64_t i = 0; i < restoring->request.index_pack_count; i++) {
		struct digest digest;
		size_t number = 0;
		int fd = receive_pack(restoring, &digest, err);

		if (fd < 0)
			return -1;
		if (find_pack(&restoring->head.packs, &digest, &number, err) < 0 ||
		    fds[number] >= 0) {
			close_at(&fd);
			return *err ? -1 : error_set(err, ERROR_CONTENT, "a pack came twice");
		}
		fds[number] = fd;
	}
	return 0;
}

/* Their packs behind the others; one of both kinds is there already. */
static int
read_executables(struct restoring *restoring, const int *fds, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(CACHE_STREAM_LIMIT_BYTES);
	AUTO_CHUNK_TABLE struct chunk_table table = { 0 };

	if (index_stream_read(&restoring->head, fds, STREAM_EXECUTABLES, &bytes, err) < 0 ||
	    chunk_table_parse(bytes.data, bytes.size, &table, err) < 0)
		return -1;
	for (size_t i = 0; i < table.pack_count; i++)
		if (!chunk_table_has_pack(&restoring->table, &table.packs[i].digest))
			chunk_table_append(&restoring->table, &table, i);
	return 0;
}

static int
read_streams(struct restoring *restoring, const int *fds, struct error **err)
{
	const struct index_head *head = &restoring->head;

	if (index_stream_read(head, fds, STREAM_TREE, &restoring->index, err) < 0 ||
	    index_stream_read(head, fds, STREAM_CHUNKS, &restoring->chunks, err) < 0)
		return -1;
	if (chunk_table_parse(restoring->chunks.data, restoring->chunks.size, &restoring->table,
			      err) < 0)
		return -1;
	return restoring->request.executables ? read_executables(restoring, fds, err) : 0;
}

static int
read_index(struct restoring *restoring, struct error **err)
{
	size_t count;
	AUTO_FREE int *fds = NULL;
	int ret;

	if (read_head(restoring, err) < 0)
		return -1;
	count = restoring->head.packs.pack_count;
	fds = xcalloc(count + 1, sizeof(*fds));
	for (size_t i = 0; i < count; i++)
		fds[i] = -1;
	ret = receive_index_packs(restoring, fds, err);
	if (ret == 0)
		ret = read_streams(restoring, fds, err);
	for (size_t i = 0; i < count; i++)
		close_at(&fds[i]);
	return ret;
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
		AUTO_CLOSE int fd = receive_pack(restoring, &digest, err);
		size_t number = 0;
		const struct message item = MESSAGE_INIT(MESSAGE_ITEM);

		if (fd < 0 || find_pack(&restoring->table, &digest, &number, err) < 0 ||
		    tree_writer_pack(restoring->writer, number, fd, restoring->workers, err) < 0)
			return -1;
		if (message_send(restoring->service->channel_fd, &item, err) < 0)
			return -1;
	}
	return tree_writer_finish(restoring->writer, err);
}

int
serve_restore(struct service *service, struct error **err)
{
	CLEANUP(restoring_release)
	struct restoring restoring = {
		.service = service,
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
