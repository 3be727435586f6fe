/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/unpack_request.h"

#include "base/error.h"
#include "base/limits.h"
#include "sandbox/channel.h"

static void
put_ranges(struct message *message, const struct id_ranges *ranges)
{
	message_put_number(message, ranges->count);
	for (size_t i = 0; i < ranges->count; i++) {
		message_put_number(message, ranges->items[i].inside);
		message_put_number(message, ranges->items[i].outside);
		message_put_number(message, ranges->items[i].count);
	}
}

void
id_map_put(struct message *message, const struct id_map *map)
{
	message_put_number(message, map->kind);
	put_ranges(message, &map->uids);
	put_ranges(message, &map->gids);
}

static int
get_number(struct message *message, uint64_t most, uint64_t *ret_number, struct error **err)
{
	if (message_get_number(message, ret_number, err) < 0)
		return -1;
	if (*ret_number <= most)
		return 0;
	return error_set(err, ERROR_FAILURE,
			 "invalid request to ocifp-layer: a number is too large");
}

static int
get_range(struct message *message, struct id_range *range, struct error **err)
{
	uint64_t inside = 0;
	uint64_t outside = 0;
	uint64_t count = 0;

	if (get_number(message, UINT32_MAX, &inside, err) < 0 ||
	    get_number(message, UINT32_MAX, &outside, err) < 0 ||
	    get_number(message, UINT32_MAX, &count, err) < 0)
		return -1;
	*range = (struct id_range){ (uint32_t)inside, (uint32_t)outside, (uint32_t)count };
	return 0;
}

static int
get_ranges(struct message *message, struct id_ranges *ranges, struct error **err)
{
	uint64_t count = 0;

	if (get_number(message, ID_RANGES_LIMIT_COUNT, &count, err) < 0)
		return -1;
	for (ranges->count = 0; ranges->count < count; ranges->count++)
		if (get_range(message, &ranges->items[ranges->count], err) < 0)
			return -1;
	return 0;
}

int
id_map_get(struct message *message, struct id_map *ret_map, struct error **err)
{
	uint64_t kind = 0;

	if (get_number(message, ID_MAP_OWN, &kind, err) < 0 ||
	    get_ranges(message, &ret_map->uids, err) < 0 ||
	    get_ranges(message, &ret_map->gids, err) < 0)
		return -1;
	ret_map->kind = (enum id_map_kind)kind;
	return 0;
}

void
unpack_request_put(struct message *message, const struct unpack_request *request)
{
	message_put_number(message, request->overlay);
	message_put_number(message, request->devices);
	message_put_number(message, request->has_record);
	message_put_number(message, request->layer_count);
	id_map_put(message, &request->map);
}

int
unpack_request_get(struct message *message, struct unpack_request *ret_request, struct error **err)
{
	uint64_t overlay = 0;
	uint64_t devices = 0;
	uint64_t has_record = 0;
	uint64_t layer_count = 0;

	if (get_number(message, 1, &overlay, err) < 0 ||
	    get_number(message, 1, &devices, err) < 0 ||
	    get_number(message, 1, &has_record, err) < 0 ||
	    get_number(message, LAYERS_LIMIT_COUNT, &layer_count, err) < 0)
		return -1;
	ret_request->overlay = overlay;
	ret_request->devices = devices;
	ret_request->has_record = has_record;
	ret_request->layer_count = (size_t)layer_count;
	return id_map_get(message, &ret_request->map, err);
}

void
unpack_result_put(struct message *message, const struct unpack_result *result)
{
	message_put_number(message, result->entries);
	message_put_number(message, result->unpacked_bytes);
	message_put_number(message, result->skipped_devices);
	message_put_number(message, result->dropped_xattrs);
	message_put_number(message, result->set_id_files);
}

int
unpack_result_get(struct message *message, struct unpack_result *ret_result, struct error **err)
{
	if (message_get_number(message, &ret_result->entries, err) < 0 ||
	    message_get_number(message, &ret_result->unpacked_bytes, err) < 0 ||
	    message_get_number(message, &ret_result->skipped_devices, err) < 0 ||
	    message_get_number(message, &ret_result->dropped_xattrs, err) < 0 ||
	    message_get_number(message, &ret_result->set_id_files, err) < 0)
		return -1;
	return 0;
}
