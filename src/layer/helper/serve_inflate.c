/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "layer/helper/feed.h"
#include "layer/helper/layer_helper.h"
#include "layer/helper/ring.h"
#include "stream/sink.h"

static int
pass_layer(const struct service *service, struct ring *ring, uint64_t number, struct error **err)
{
	AUTO_SINK struct sink *sink = sink_fd(HELPER_FIRST_FD, "the output");
	AUTO_MESSAGE struct message item = MESSAGE_INIT(MESSAGE_ITEM);
	struct measure ignored;
	const void *bytes;
	size_t size = 1;

	message_put_number(&item, number);
	if (message_send(service->channel_fd, &item, err) < 0)
		return -1;
	while (size > 0)
		if (ring_read(ring, &bytes, &size, err) < 0 ||
		    sink_write(sink, bytes, size, err) < 0)
			return -1;
	return ring_next(ring, &ignored, err);
}

/* ocifp drops the output if the digest turns out to be wrong. */
int
serve_inflate(struct service *service, struct error **err)
{
	CLEANUP(ring_free_at) struct ring *ring = ring_new();
	CLEANUP(feed_free_at) struct feed *feed = NULL;
	AUTO_MESSAGE struct message result = MESSAGE_INIT(MESSAGE_RESULT);
	uint64_t number = 0;
	int ret;

	if (message_get_number(&service->request, &number, err) < 0 ||
	    service_confine_process(service, -1, err) < 0)
		return -1;
	/* The thread is started before the sandbox denies that. */
	feed = feed_new(ring, service->channel_fd, 1, err);
	if (!feed)
		return -1;
	ret = service_confine_calls(service, err);
	if (ret == 0) {
		feed_go(feed);
		ret = pass_layer(service, ring, number, err);
	}
	ring_leave(ring);
	if (ret < 0)
		return -1;
	message_put_number(&result, 0);
	return message_send(service->channel_fd, &result, err);
}
