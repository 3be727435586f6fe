/* SPDX-License-Identifier: Apache-2.0 */
/* index_parts.h - an index as the confined helper hands it over: unpacked and checked
 *
 * Descriptor: the head.  A MESSAGE_LAYER with the digest and a descriptor follows for each index
 * pack; then each MESSAGE_ITEM has the next bytes of a part.  The bytes are plain: numbers and
 * texts as in varint.h.  Whoever took over the helper may have made them, so they are parsed as
 * foreign.
 */
#ifndef OCIFP_CACHE_TREE_INDEX_PARTS_H
#define OCIFP_CACHE_TREE_INDEX_PARTS_H

#include <stdint.h>

#include "cache/format/index_head.h"

struct error;
struct message;

/* Where the parts are appended to, each with its limit; NULL: not wanted. */
struct index_parts {
	struct buf *head;
	struct buf *streams[STREAM_COUNT];
};

void index_parts_put_request(struct message *message, const struct index_parts *parts,
			     uint64_t pack_count);
/* *ret_wanted: a bit for each part, the head behind the streams. */
int index_parts_get_request(struct message *message, uint64_t *ret_wanted, uint64_t *ret_pack_count,
			    struct error **err);

#define INDEX_PART_HEAD STREAM_COUNT

/* The helper's end: a part, in as many messages as it takes. */
int index_parts_send(int channel_fd, unsigned part, const struct buf *bytes, struct error **err);

/* The other end: one of these messages.  ERROR_FAILURE: a part that is not wanted. */
int index_parts_take(struct index_parts *parts, struct message *message, struct error **err);

#endif
