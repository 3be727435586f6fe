#include "image/unpack_tree.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/observer.h"
#include "image/local_image.h"
#include "layer/unpacker.h"
#include "store/store.h"

#define AHEAD_COUNT 2 /* one that is unpacked, one that is inflated meanwhile */

static int
send_layer(const struct unpack_tree *job, struct unpacker *unpacker, size_t number,
	   struct error **err)
{
	AUTO_CLOSE int fd = -1;
	uint64_t size_bytes;

	fd = store_open_blob(job->store, &job->image->manifest.layers.items[number].digest,
			     &size_bytes, err);
	if (fd < 0)
		return -1;
	return unpacker_send(unpacker, &job->image->config.diff_ids[number], fd, err);
}

static int
run(const struct unpack_tree *job, struct unpacker *unpacker, size_t *done,
    struct unpack_result *ret_result, struct error **err)
{
	size_t count = job->image->manifest.layers.count;
	size_t sent = 0;
	bool ended = false;

	while (!ended) {
		for (; sent < count && sent < *done + AHEAD_COUNT; sent++)
			if (send_layer(job, unpacker, sent, err) < 0)
				return -1;
		if (unpacker_receive(unpacker, &ended, ret_result, err) < 0)
			return -1;
		*done += !ended;
	}
	return 0;
}

int
unpack_tree(const struct unpack_tree *job, struct unpack_result *ret_result, struct error **err)
{
	const struct unpack_request request = {
		.devices = job->devices,
		.layer_count = job->image->manifest.layers.count,
		.map = *job->map,
	};
	AUTO_UNPACKER struct unpacker *unpacker =
		unpacker_start(job->tree_fd, job->record_fd, &request, err);
	size_t done = 0;

	if (!unpacker)
		return -1;
	if (run(job, unpacker, &done, ret_result, err) == 0)
		return 0;
	if (done < request.layer_count)
		error_wrap(err, "layer %zu of %zu", done + 1, request.layer_count);
	return -1;
}

void
unpack_tell(struct observer *observer, const struct unpack_result *result)
{
	if (result->skipped_devices > 0)
		observer_tell(observer, EVENT_NOTICE,
			      "devices and sockets in the image that were left out: %" PRIu64,
			      result->skipped_devices);
	if (result->dropped_xattrs > 0)
		observer_tell(observer, EVENT_NOTICE,
			      "extended attributes in the image that were left out: %" PRIu64,
			      result->dropped_xattrs);
}
