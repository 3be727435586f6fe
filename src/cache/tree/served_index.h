/* SPDX-License-Identifier: Apache-2.0 */
/* served_index.h - the index of a cache in the confined helper: its head and its packs, as they
 * come
 */
#ifndef OCIFP_CACHE_TREE_SERVED_INDEX_H
#define OCIFP_CACHE_TREE_SERVED_INDEX_H

#include <stdint.h>

#include "cache/format/index_head.h"

struct error;
struct service;

struct served_index {
	struct buf head_bytes;
	struct index_head head;
	int *fds; /* of its packs, in the order of the head */
};

#define SERVED_INDEX_INIT ((struct served_index){ .head_bytes = BUF_INIT(CACHE_HEAD_LIMIT_BYTES) })

/* So many packs come through the channel. */
int served_index_open(struct served_index *index, int head_fd, int channel_fd, uint64_t pack_count,
		      struct error **err);
int served_index_read(const struct served_index *index, enum index_stream stream,
		      struct buf *ret_bytes, struct error **err);
void served_index_release(struct served_index *index);

/* The next pack, whose digest comes with it: its descriptor, the caller's. */
int served_pack_receive(int channel_fd, struct digest *ret_digest, struct error **err);
int served_pack_find(const struct chunk_table *table, const struct digest *digest,
		     size_t *ret_number, struct error **err);

/* The verb `index`: see index_parts.h. */
int serve_index(struct service *service, struct error **err);

#endif
