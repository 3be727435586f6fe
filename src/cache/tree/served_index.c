/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/tree/served_index.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "cache/format/index_reader.h"
#include "cache/format/tree_index.h"
#include "cache/tree/index_parts.h"
#include "layer/helper/layer_helper.h"

int
served_pack_receive(int channel_fd, struct digest *ret_digest, struct error **err)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(0);
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

int
served_pack_find(const struct chunk_table *table, const struct digest *digest, size_t *ret_number,
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
read_head(struct served_index *index, int head_fd, struct error **err)
{
	AUTO_BUF struct buf frame = BUF_INIT(CACHE_HEAD_LIMIT_BYTES);

	if (fd_read_all(head_fd, &frame, "the index of the cache", err) < 0 ||
	    index_head_unpack(frame.data, frame.size, &index->head_bytes, err) < 0)
		return -1;
	return index_head_parse(index->head_bytes.data, index->head_bytes.size, &index->head, err);
}

static int
receive_pack(struct served_index *index, int channel_fd, struct error **err)
{
	struct digest digest;
	size_t number = 0;
	AUTO_CLOSE int fd = served_pack_receive(channel_fd, &digest, err);

	if (fd < 0 || served_pack_find(&index->head.packs, &digest, &number, err) < 0)
		return -1;
	if (index->fds[number] >= 0)
		return error_set(err, ERROR_CONTENT, "a pack came twice");
	index->fds[number] = fd;
	fd = -1;
	return 0;
}

int
served_index_open(struct served_index *index, int head_fd, int channel_fd, uint64_t pack_count,
		  struct error **err)
{
	if (read_head(index, head_fd, err) < 0)
		return -1;
	index->fds = xcalloc(index->head.packs.pack_count + 1, sizeof(*index->fds));
	for (size_t i = 0; i < index->head.packs.pack_count; i++)
		index->fds[i] = -1;
	for (; pack_count > 0; pack_count--)
		if (receive_pack(index, channel_fd, err) < 0)
			return -1;
	return 0;
}

int
served_index_read(const struct served_index *index, enum index_stream stream, struct buf *ret_bytes,
		  struct error **err)
{
	return index_stream_read(&index->head, index->fds, stream, ret_bytes, err);
}

void
served_index_release(struct served_index *index)
{
	for (size_t i = 0; index->fds && i < index->head.packs.pack_count; i++)
		close_at(&index->fds[i]);
	free(index->fds);
	index_head_release(&index->head);
	buf_release(&index->head_bytes);
	*index = SERVED_INDEX_INIT;
}

/* The verb `index` */

static int
check_tree(const struct buf *bytes, struct error **err)
{
	AUTO_TREE_CURSOR struct tree_cursor cursor;
	struct tree_entry entry;
	bool ended = false;
	int ret;

	tree_cursor_open(&cursor, bytes->data, bytes->size);
	while ((ret = tree_cursor_next(&cursor, &entry, &ended, err)) == 0 && !ended)
		;
	return ret;
}

/* The other streams are texts, and numbers of fixed size. */
static int
check_stream(enum index_stream stream, const struct buf *bytes, struct error **err)
{
	AUTO_CHUNK_TABLE struct chunk_table table = { 0 };

	if (stream == STREAM_TREE)
		return check_tree(bytes, err);
	return stream == STREAM_CHUNKS || stream == STREAM_EXECUTABLES
		       ? chunk_table_parse(bytes->data, bytes->size, &table, err)
		       : 0;
}

static int
send_stream(const struct service *service, const struct served_index *index,
	    enum index_stream stream, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(CACHE_STREAM_LIMIT_BYTES);

	if (served_index_read(index, stream, &bytes, err) < 0 ||
	    check_stream(stream, &bytes, err) < 0)
		return -1;
	return index_parts_send(service->channel_fd, stream, &bytes, err);
}

int
serve_index(struct service *service, struct error **err)
{
	const struct message result = MESSAGE_INIT(MESSAGE_RESULT);
	CLEANUP(served_index_release) struct served_index index = SERVED_INDEX_INIT;
	uint64_t wanted = 0;
	uint64_t pack_count = 0;

	if (index_parts_get_request(&service->request, &wanted, &pack_count, err) < 0 ||
	    service_confine_process(service, -1, err) < 0 ||
	    service_confine_calls(service, err) < 0 ||
	    served_index_open(&index, HELPER_FIRST_FD, service->channel_fd, pack_count, err) < 0)
		return -1;
	if ((wanted >> INDEX_PART_HEAD & 1) &&
	    index_parts_send(service->channel_fd, INDEX_PART_HEAD, &index.head_bytes, err) < 0)
		return -1;
	for (unsigned stream = 0; stream < STREAM_COUNT; stream++)
		if ((wanted >> stream & 1) &&
		    send_stream(service, &index, (enum index_stream)stream, err) < 0)
			return -1;
	return message_send(service->channel_fd, &result, err);
}
