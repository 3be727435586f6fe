/* SPDX-License-Identifier: Apache-2.0 */
/* restore_request.h - the request to the confined helper to restore a root, and its result
 *
 * Descriptors: the directory, empty and ours; the head of the index.  Then a MESSAGE_LAYER with the
 * digest and a descriptor for each index pack, then for each pack; the helper answers each written
 * pack with a MESSAGE_ITEM.
 */
#ifndef OCIFP_CACHE_TREE_RESTORE_REQUEST_H
#define OCIFP_CACHE_TREE_RESTORE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

struct error;
struct message;

struct restore_request {
	char *label;
	bool executables;
	int64_t shift_ns;
	uint64_t most_bytes;
	uint64_t index_pack_count;
	uint64_t pack_count;
};

void restore_request_put(struct message *message, const struct restore_request *request);
int restore_request_get(struct message *message, struct restore_request *ret_request,
			struct error **err);
void restore_request_release(struct restore_request *request);

#endif
