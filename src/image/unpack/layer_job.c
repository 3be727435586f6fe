#include "image/unpack/layer_job.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/observer.h"
#include "image/document/local_image.h"
#include "layer/unpacker.h"
#include "store/store.h"

#define AHEAD_COUNT 2 /* one that is unpacked, one that is inflated meanwhile */

static bool
has_come(const struct layer_source *source, size_t number)
{
	const struct descriptor *layer = &source->image->manifest.layers.items[number];

	return source->is_whole || store_has(source->store, &layer->digest, layer->size_bytes);
}

bool
layer_job_can_start(const struct layer_job *job, const struct layer_source *source)
{
	return job->count == 0 || has_come(source, job->first);
}

static int
send_layer(const struct layer_job *job, const struct layer_source *source, size_t number,
	   struct error **err)
{
	const struct descriptor *layer = &source->image->manifest.layers.items[number];
	AUTO_CLOSE int fd = -1;
	uint64_t size_bytes;

	fd = store_open_blob(source->store, &layer->digest, &size_bytes, err);
	if (fd < 0)
		return -1;
	return unpacker_send(job->unpacker, &source->image->config.diff_ids[number], fd, err);
}

int
layer_job_send(struct layer_job *job, const struct layer_source *source, struct error **err)
{
	for (; job->sent < job->count && job->sent < job->done + AHEAD_COUNT; job->sent++) {
		size_t number = job->first + job->sent;

		if (!has_come(source, number))
			return 0;
		if (send_layer(job, source, number, err) < 0)
			return -1;
	}
	return 0;
}

int
layer_job_start(struct layer_job *job, const struct layer_source *source, struct error **err)
{
	const struct unpack_request request = {
		.overlay = source->overlay,
		.devices = source->devices,
		.layer_count = job->count,
		.map = *source->map,
	};

	job->unpacker = unpacker_start(job->tree_fd, job->record_fd, &request, err);
	return job->unpacker ? layer_job_send(job, source, err) : -1;
}

static void
tell(struct observer *observer, const struct unpack_result *result)
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

static int
fail(const struct layer_job *job, const struct layer_source *source, struct error **err)
{
	return job->done < job->count
		       ? error_wrap(err, "layer %zu of %zu", job->first + job->done + 1,
				    source->image->manifest.layers.count)
		       : -1;
}

int
layer_job_note_wait(const struct layer_job *job, const struct layer_source *source, int waited_ms,
		    struct error **err)
{
	return unpacker_note_wait(job->unpacker, waited_ms, err) < 0 ? fail(job, source, err) : 0;
}

int
layer_job_hear(struct layer_job *job, const struct layer_source *source, struct error **err)
{
	bool ended = false;

	if (unpacker_receive(job->unpacker, &ended, &job->result, err) < 0)
		return fail(job, source, err);
	if (!ended) {
		job->done++;
		return layer_job_send(job, source, err);
	}
	layer_job_release(job);
	job->is_made = true;
	tell(source->observer, &job->result);
	return 0;
}

void
layer_job_release(struct layer_job *job)
{
	unpacker_free(TAKE_PTR(job->unpacker));
	close_at(&job->tree_fd);
	close_at(&job->record_fd);
	job->tree_fd = -1;
	job->record_fd = -1;
}
