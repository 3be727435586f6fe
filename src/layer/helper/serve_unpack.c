/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/stat.h>

#include "base/deadline.h"
#include "base/error.h"
#include "layer/helper/apply.h"
#include "layer/helper/feed.h"
#include "layer/helper/layer_helper.h"
#include "layer/helper/ring.h"
#include "layer/helper/tree.h"
#include "layer/unpack_request.h"

#define TREE_FD HELPER_FIRST_FD
#define RECORD_FD (HELPER_FIRST_FD + 1)

static int
tell_result(const struct service *service, const struct tree_counts *counts, struct error **err)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(MESSAGE_RESULT);
	const struct unpack_result result = {
		.entries = counts->entries,
		.unpacked_bytes = counts->unpacked_bytes,
		.skipped_devices = counts->skipped_devices,
		.dropped_xattrs = counts->dropped_xattrs,
		.set_id_files = counts->set_id_files,
	};

	unpack_result_put(&message, &result);
	return message_send(service->channel_fd, &message, err);
}

/* With each layer, the time of the processor that inflating and writing have used so far. */
static int
apply_layers(struct service *service, struct tree *tree, struct ring *ring, const struct feed *feed,
	     size_t count, struct error **err)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_MESSAGE struct message item = MESSAGE_INIT(MESSAGE_ITEM);

		if (apply_layer(tree, ring, err) < 0)
			return -1;
		message_put_number(&item, feed_used_us(feed));
		message_put_number(&item, thread_used_us());
		if (message_send(service->channel_fd, &item, err) < 0)
			return -1;
	}
	return tree_finish(tree, err);
}

int
serve_unpack(struct service *service, struct error **err)
{
	struct unpack_request request = { 0 };
	AUTO_TREE struct tree tree = { .parent_fd = -1 };
	CLEANUP(ring_free_at) struct ring *ring = NULL;
	CLEANUP(feed_free_at)
	struct feed *feed = NULL;
	int ret;

	if (unpack_request_get(&service->request, &request, err) < 0 ||
	    service_enter_ids(service, &request.map, err) < 0 ||
	    service_confine_process(service, TREE_FD, err) < 0)
		return -1;
	/* Without set-group-id, or each new file would get the group of the parent directory. */
	if (fchmod(TREE_FD, 0700) < 0)
		return error_set_errno(err, errno, "cannot set the mode of the directory");
	tree_init(&tree, TREE_FD, request.has_record ? RECORD_FD : -1);
	tree.beneath.walk = service->walk;
	tree.overlay = request.overlay;
	tree.devices = request.devices;
	tree.map = request.map;
	/* The thread is started before the sandbox denies that. */
	ring = ring_new();
	feed = feed_new(ring, service->channel_fd, request.layer_count, err);
	if (!feed)
		return -1;
	ret = service_confine_calls(service, err);
	if (ret == 0) {
		feed_go(feed);
		ret = apply_layers(service, &tree, ring, feed, request.layer_count, err);
	}
	ring_leave(ring);
	if (ret < 0)
		return -1;
	return tell_result(service, &tree.counts, err);
}
