/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "layer/helper/entry.h"
#include "layer/helper/feed.h"
#include "layer/helper/layer_helper.h"
#include "layer/helper/layer_reader.h"
#include "layer/helper/ring.h"
#include "stream/sink.h"

/* 1: an entry, 0: the end. */
static int
pass_entry(struct layer_reader *reader, struct error **err)
{
	AUTO_ENTRY struct entry entry = { 0 };

	return layer_reader_next(reader, &entry, err);
}

static int
pass_entries(struct ring *ring, struct measure *ret_tar, struct error **err)
{
	CLEANUP(layer_reader_release) struct layer_reader reader = { 0 };
	int ret;

	if (layer_reader_open(&reader, ring, err) < 0)
		return -1;
	while ((ret = pass_entry(&reader, err)) > 0)
		;
	if (ret < 0 || layer_reader_end(&reader, err) < 0)
		return -1;
	*ret_tar = reader.measured;
	return 0;
}

int
serve_check(struct service *service, struct error **err)
{
	CLEANUP(ring_free_at) struct ring *ring = ring_new();
	CLEANUP(feed_free_at) struct feed *feed = feed_new(ring, service->channel_fd, 1, err);
	struct measure tar = { 0 };
	int ret;
	AUTO_MESSAGE struct message message = MESSAGE_INIT(MESSAGE_RESULT);

	/* The thread is started before the sandbox denies that. */
	if (!feed || service_confine_process(service, -1, err) < 0)
		return -1;
	ret = service_confine_calls(service, err);
	if (ret == 0) {
		feed_go(feed);
		ret = pass_entries(ring, &tar, err);
	}
	ring_leave(ring);
	if (ret < 0)
		return -1;
	if (tar.size_bytes == 0)
		return error_set(err, ERROR_CONTENT,
				 "cannot read the tar of the layer: it is empty");
	message_put_text(&message, digest_text(&tar.digest).text);
	message_put_number(&message, tar.size_bytes);
	return message_send(service->channel_fd, &message, err);
}
