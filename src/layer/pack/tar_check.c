/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/pack/tar_check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/xalloc.h"
#include "sandbox/channel.h"
#include "sandbox/helper.h"
#include "stream/sink.h"

struct tar_check {
	struct sink sink;
	struct helper *helper;
	int fd; /* the helper reads at its other end */
	struct measure *ret_tar;
};

static int
receive(struct tar_check *self, struct error **err)
{
	AUTO_MESSAGE struct message answer = MESSAGE_INIT(0);
	const char *diff_id = NULL;
	struct measure tar;
	bool last = false;

	/* Closing the pipe ends the input. */
	close_at(&self->fd);
	self->fd = -1;
	if (helper_receive(self->helper, &answer, &last, err) < 0 ||
	    message_get_text(&answer, &diff_id, err) < 0 ||
	    digest_parse(diff_id, &tar.digest, err) < 0 ||
	    message_get_number(&answer, &tar.size_bytes, err) < 0)
		return -1;
	*self->ret_tar = tar;
	return 0;
}

static int
check_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct tar_check *self = (struct tar_check *)sink;
	const char *rest = bytes;

	while (size > 0) {
		ssize_t written;

		if (helper_await(self->helper, self->fd, POLLOUT, err) < 0)
			return -1;
		written = write(self->fd, rest, size);
		if (written < 0 && errno != EAGAIN && errno != EINTR) {
			/* The helper closed the pipe, and has sent the reason. */
			if (receive(self, err) < 0)
				return -1;
			return error_set(err, ERROR_FAILURE,
					 "ocifp-layer stopped reading before the end");
		}
		rest += written > 0 ? written : 0;
		size -= written > 0 ? (size_t)written : 0;
	}
	return 0;
}

static int
check_finish(struct sink *sink, struct error **err)
{
	return receive((struct tar_check *)sink, err);
}

static void
check_free(struct sink *sink)
{
	struct tar_check *self = (struct tar_check *)sink;

	close_at(&self->fd);
	helper_free(self->helper);
	free(self);
}

static struct helper *
start(struct error **err)
{
	AUTO_MESSAGE struct message request;
	const struct helper_start start = { .verb = "check", .request = &request };

	helper_request_init(&request);
	return helper_start(&start, err);
}

static int
begin(struct tar_check *self, struct error **err)
{
	AUTO_CLOSE int theirs = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "cannot make a pipe");
	theirs = ends[0];
	self->fd = ends[1];
	if (fcntl(self->fd, F_SETFL, O_NONBLOCK) < 0)
		return error_set_errno(err, errno, "cannot prepare a pipe");
	self->helper = start(err);
	return self->helper ? helper_send_file(self->helper, "", theirs, err) : -1;
}

struct sink *
sink_tar_check(struct measure *ret_tar, struct error **err)
{
	static const struct sink_ops ops = { check_write, check_finish, check_free };
	struct tar_check *self = XNEW(struct tar_check);

	self->sink.ops = &ops;
	self->ret_tar = ret_tar;
	self->fd = -1;
	if (begin(self, err) == 0)
		return &self->sink;
	sink_free(&self->sink);
	return NULL;
}
