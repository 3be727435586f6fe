/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/exporter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/limits.h"
#include "oci/digest.h"
#include "sandbox/channel.h"
#include "sandbox/helper.h"
#include "stream/sink.h"

#define LOOK_MS 1000

struct exporter {
	const struct export_source *source;
	struct sink *sink;
	struct helper *helper;
	int pipe_fd;
	char bytes[64 * KIB];
};

static void
exporter_release(struct exporter *exporter)
{
	helper_free(exporter->helper);
	close_at(&exporter->pipe_fd);
}

static int
start(struct exporter *exporter, const char *verb, const struct message *request,
      struct error **err)
{
	AUTO_CLOSE int theirs = -1;
	struct helper_start start = {
		.verb = verb,
		.fds = &theirs,
		.fd_count = 1,
		.request = request,
	};
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "cannot make a pipe");
	exporter->pipe_fd = ends[0];
	theirs = ends[1];
	exporter->helper = helper_start(&start, err);
	return exporter->helper ? 0 : -1;
}

static int
send_layer(struct exporter *exporter, struct message *asked, struct error **err)
{
	const struct export_source *source = exporter->source;
	const struct digest *diff_id = NULL;
	AUTO_CLOSE int fd = -1;
	uint64_t number = 0;

	if (message_get_number(asked, &number, err) < 0)
		return -1;
	if (number >= source->layer_count)
		return error_set(err, ERROR_FAILURE, "the confined helper asked for another layer");
	fd = source->open(source->context, (size_t)number, &diff_id, err);
	return fd < 0 ? -1 : helper_send_file(exporter->helper, digest_text(diff_id).text, fd, err);
}

/* 1: some, 0: the end. */
static int
pass_bytes(struct exporter *exporter, struct error **err)
{
	ssize_t size = read(exporter->pipe_fd, exporter->bytes, sizeof(exporter->bytes));

	if (size < 0)
		return errno == EINTR ? 1 : error_set_errno(err, errno, "cannot read a pipe");
	if (size == 0)
		return 0;
	return sink_write(exporter->sink, exporter->bytes, (size_t)size, err) < 0 ? -1 : 1;
}

/* *ret_last: it has written everything. */
static int
serve_once(struct exporter *exporter, bool *ret_last, uint64_t *ret_dropped_xattrs,
	   struct error **err)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(0);
	struct pollfd polled[] = {
		{ .fd = exporter->pipe_fd, .events = POLLIN },
		{ .fd = helper_poll_fd(exporter->helper), .events = POLLIN },
	};
	int ready = poll(polled, 2, LOOK_MS);

	if (ready < 0 && errno != EINTR)
		return error_set_errno(err, errno, "cannot wait for the confined helper");
	if (ready <= 0)
		return ready == 0 ? helper_note_wait(exporter->helper, LOOK_MS, err) : 0;
	if (polled[0].revents) {
		int ret = pass_bytes(exporter, err);

		/* poll() would report an ended pipe again and again. */
		if (ret == 0) {
			(void)close(exporter->pipe_fd);
			exporter->pipe_fd = -1;
		}
		return ret < 0 ? -1 : 0;
	}
	if (!polled[1].revents)
		return 0;
	if (helper_receive(exporter->helper, &message, ret_last, err) < 0)
		return -1;
	return *ret_last ? message_get_number(&message, ret_dropped_xattrs, err)
			 : send_layer(exporter, &message, err);
}

static int
run(const struct export_source *source, const char *verb, const struct message *request,
    struct sink *sink, uint64_t *ret_dropped_xattrs, struct error **err)
{
	CLEANUP(exporter_release)
	struct exporter exporter = { .source = source, .sink = sink, .pipe_fd = -1 };
	bool last = false;
	int ret = 1;

	if (start(&exporter, verb, request, err) < 0)
		return -1;
	while (!last)
		if (serve_once(&exporter, &last, ret_dropped_xattrs, err) < 0)
			return -1;
	while (ret > 0 && exporter.pipe_fd >= 0)
		ret = helper_await(exporter.helper, exporter.pipe_fd, POLLIN, err) < 0
			      ? -1
			      : pass_bytes(&exporter, err);
	return ret < 0 ? -1 : sink_finish(sink, err);
}

int
export_layers(const struct export_source *source, const char *path, struct sink *sink,
	      uint64_t *ret_dropped_xattrs, struct error **err)
{
	AUTO_MESSAGE struct message request;

	helper_request_init(&request);
	/* An empty text means everything, an empty path the root. */
	message_put_text(&request, !path ? "" : *path ? path : "/");
	message_put_number(&request, source->layer_count);
	return run(source, "export", &request, sink, ret_dropped_xattrs, err);
}

int
export_layer(const struct export_source *source, size_t number, struct sink *sink,
	     struct error **err)
{
	AUTO_MESSAGE struct message request;
	uint64_t none = 0;

	helper_request_init(&request);
	message_put_number(&request, number);
	return run(source, "inflate", &request, sink, &none, err);
}
