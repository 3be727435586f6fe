/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/tree/index_parts.h"

#include "base/error.h"
#include "base/limits.h"
#include "sandbox/channel.h"

#define ITEM_BYTES (MESSAGE_LIMIT_BYTES - 16) /* two numbers come before */

static struct buf *
part_of(const struct index_parts *parts, uint64_t part)
{
	return part < STREAM_COUNT       ? parts->streams[part]
	       : part == INDEX_PART_HEAD ? parts->head
					 : NULL;
}

void
index_parts_put_request(struct message *message, const struct index_parts *parts,
			uint64_t pack_count)
{
	uint64_t wanted = 0;

	for (unsigned part = 0; part <= INDEX_PART_HEAD; part++)
		if (part_of(parts, part))
			wanted |= UINT64_C(1) << part;
	message_put_number(message, wanted);
	message_put_number(message, pack_count);
}

int
index_parts_get_request(struct message *message, uint64_t *ret_wanted, uint64_t *ret_pack_count,
			struct error **err)
{
	if (message_get_number(message, ret_wanted, err) < 0)
		return -1;
	return message_get_number(message, ret_pack_count, err);
}

int
index_parts_send(int channel_fd, unsigned part, const struct buf *bytes, struct error **err)
{
	size_t size;

	for (size_t at = 0; at < bytes->size; at += size) {
		AUTO_MESSAGE struct message item = MESSAGE_INIT(MESSAGE_ITEM);

		size = bytes->size - at < ITEM_BYTES ? bytes->size - at : ITEM_BYTES;
		message_put_number(&item, part);
		message_put_bytes(&item, bytes->data + at, size);
		if (message_send(channel_fd, &item, err) < 0)
			return -1;
	}
	return 0;
}

int
index_parts_take(struct index_parts *parts, struct message *message, struct error **err)
{
	const void *bytes = NULL;
	uint64_t part = 0;
	size_t size = 0;
	struct buf *buf;

	if (message_get_number(message, &part, err) < 0 ||
	    message_get_bytes(message, &bytes, &size, err) < 0)
		return -1;
	buf = part_of(parts, part);
	if (!buf)
		return error_set(err, ERROR_FAILURE,
				 "the confined helper sent a part of the index that was not asked "
				 "for");
	return buf_append(buf, bytes, size, err);
}
