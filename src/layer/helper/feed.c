/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/feed.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "layer/helper/inflate.h"
#include "layer/helper/ring.h"
#include "oci/digest.h"
#include "sandbox/channel.h"
#include "stream/compress.h"
#include "stream/sink.h"

struct feed {
	struct ring *ring;
	int channel_fd;
	size_t layer_count;
	pthread_t thread;
	bool is_started;
	pthread_barrier_t began; /* starting a thread needs system calls that the sandbox denies */
	pthread_mutex_t start_lock; /* held until the sandbox is entered */
	bool is_waiting;
	atomic_uint_fast64_t used_us;
	atomic_bool is_stopped; /* the remaining input is not wanted */
};

/* The sink behind the inflater. */
struct outlet {
	struct sink sink;
	struct ring *ring;
	const uint64_t *read_bytes; /* that went in so far */
	uint64_t size_bytes;
};

int
feed_check_caps(uint64_t unpacked_bytes, uint64_t read_bytes, struct error **err)
{
	if (unpacked_bytes > LAYER_UNPACKED_LIMIT_BYTES)
		error_set(err, ERROR_CONTENT, "the layer is larger than the limit when unpacked");
	else if (unpacked_bytes > LAYER_RATIO_FREE_BYTES &&
		 unpacked_bytes / LAYER_RATIO_LIMIT > read_bytes)
		error_set(err, ERROR_CONTENT,
			  "the layer becomes more than %d times larger when unpacked",
			  LAYER_RATIO_LIMIT);
	else
		return 0;
	return error_set_class(err, CLASS_LIMIT);
}

static int
outlet_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct outlet *self = (struct outlet *)sink;

	self->size_bytes += size;
	if (feed_check_caps(self->size_bytes, *self->read_bytes, err) < 0)
		return -1;
	if (ring_write(self->ring, bytes, size))
		return 0;
	return error_set(err, ERROR_FAILURE, "the layer's reader has stopped");
}

static int
outlet_finish(struct sink *sink, struct error **err)
{
	struct outlet *self = (struct outlet *)sink;

	if (ring_end(self->ring))
		return 0;
	return error_set(err, ERROR_FAILURE, "the layer's reader has stopped");
}

static void
outlet_free(struct sink *sink)
{
	free(sink);
}

static struct sink *
outlet_new(struct ring *ring, const uint64_t *read_bytes)
{
	static const struct sink_ops ops = { outlet_write, outlet_finish, outlet_free };
	struct outlet *self = XNEW(struct outlet);

	self->sink.ops = &ops;
	self->ring = ring;
	self->read_bytes = read_bytes;
	return &self->sink;
}

static int
feed_layer(struct feed *feed, int fd, const struct digest *expected, struct error **err)
{
	struct ring *ring = feed->ring;
	AUTO_FREE char *buffer = xcalloc(1, LAYER_BUFFER_BYTES);
	AUTO_SINK struct sink *sink = NULL;
	uint64_t read_bytes = 0;
	ssize_t got = fd_read_full(fd, buffer, LAYER_BUFFER_BYTES);

	ring_begin(ring, expected);
	if (got >= 0)
		sink = sink_inflate(compression_detect(buffer, (size_t)got), ring,
				    outlet_new(ring, &read_bytes));
	while (got > 0 && !feed->is_stopped) {
		read_bytes += (uint64_t)got;
		if (sink_write(sink, buffer, (size_t)got, err) < 0)
			return -1;
		got = fd_read_full(fd, buffer, LAYER_BUFFER_BYTES);
	}
	if (got < 0)
		return error_set_errno(err, errno, "cannot read the layer");
	atomic_store(&feed->used_us, thread_used_us());
	return sink_finish(sink, err);
}

static int
receive_layer(struct feed *feed, struct error **err)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(0);
	AUTO_CLOSE int fd = -1;
	struct digest expected = { .algorithm = DIGEST_NONE };
	const char *diff_id = NULL;
	bool ended = false;

	if (message_receive(feed->channel_fd, &message, &ended, err) < 0)
		return -1;
	if (ended || message.type != MESSAGE_LAYER)
		return error_set(err, ERROR_FAILURE, "expected another layer from ocifp");
	if (message_get_text(&message, &diff_id, err) < 0 ||
	    (*diff_id && digest_parse(diff_id, &expected, err) < 0))
		return -1;
	fd = message_receive_fd(feed->channel_fd, err);
	return fd < 0 ? -1 : feed_layer(feed, fd, &expected, err);
}

static void *
run(void *context)
{
	struct feed *feed = context;
	struct error *failure = NULL;

	(void)pthread_barrier_wait(&feed->began);
	pthread_mutex_lock(&feed->start_lock);
	pthread_mutex_unlock(&feed->start_lock);
	for (size_t i = 0; i < feed->layer_count && !failure && !feed->is_stopped; i++)
		(void)receive_layer(feed, &failure);
	if (failure)
		ring_fail(feed->ring, failure);
	return NULL;
}

struct feed *
feed_new(struct ring *ring, int channel_fd, size_t layer_count, struct error **err)
{
	struct feed *feed = XNEW(struct feed);
	int errnum;

	feed->ring = ring;
	feed->channel_fd = channel_fd;
	feed->layer_count = layer_count;
	pthread_barrier_init(&feed->began, NULL, 2);
	pthread_mutex_init(&feed->start_lock, NULL);
	pthread_mutex_lock(&feed->start_lock);
	feed->is_waiting = true;
	errnum = pthread_create(&feed->thread, NULL, run, feed);
	feed->is_started = errnum == 0;
	if (feed->is_started) {
		(void)pthread_barrier_wait(&feed->began);
		return feed;
	}
	error_set_errno(err, errnum, "cannot start a thread");
	feed_free(feed);
	return NULL;
}

uint64_t
feed_used_us(const struct feed *feed)
{
	return atomic_load(&feed->used_us);
}

void
feed_go(struct feed *feed)
{
	if (feed->is_waiting)
		pthread_mutex_unlock(&feed->start_lock);
	feed->is_waiting = false;
}

void
feed_free(struct feed *feed)
{
	if (!feed)
		return;
	/* The thread may wait for a layer that ocifp would send after the failed one. */
	feed->is_stopped = true;
	(void)shutdown(feed->channel_fd, SHUT_RD);
	feed_go(feed);
	if (feed->is_started)
		pthread_join(feed->thread, NULL);
	pthread_mutex_destroy(&feed->start_lock);
	pthread_barrier_destroy(&feed->began);
	free(feed);
}
