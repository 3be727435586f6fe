/* SPDX-License-Identifier: Apache-2.0 */
/* unpack_request.h - the request to unpack, and its result
 *
 * Descriptors: the directory, empty and ours; with has_record also the file for the record
 * (tree_record.h).  Then follows a MESSAGE_LAYER with diff_id and descriptor for each layer, lowest
 * first; the helper answers each layer with a MESSAGE_ITEM
 * that has the processor time used so far in us, of inflating and of writing.
 */
#ifndef OCIFP_LAYER_UNPACK_REQUEST_H
#define OCIFP_LAYER_UNPACK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/id_map.h"

struct error;
struct message;

struct unpack_request {
	bool overlay;
	bool devices;
	bool has_record;
	size_t layer_count;
	struct id_map map;
};

struct unpack_result {
	uint64_t entries;
	uint64_t unpacked_bytes;
	uint64_t skipped_devices;
	uint64_t dropped_xattrs;
	uint64_t set_id_files;
};

void unpack_request_put(struct message *message, const struct unpack_request *request);
int unpack_request_get(struct message *message, struct unpack_request *ret_request,
		       struct error **err);
void unpack_result_put(struct message *message, const struct unpack_result *result);
int unpack_result_get(struct message *message, struct unpack_result *ret_result,
		      struct error **err);
void id_map_put(struct message *message, const struct id_map *map);
int id_map_get(struct message *message, struct id_map *ret_map, struct error **err);

#endif
