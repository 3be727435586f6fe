#include "base/spawn_feed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/error.h"

static void
close_end(int *fd)
{
	close_at(fd);
	*fd = -1;
}

static int
prepare_end(int fd, struct error **err)
{
	int flags;

	if (fd < 0)
		return 0;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_set_errno(err, errno, "cannot prepare a pipe");
	return 0;
}

int
feed_prepare(struct feed *feed, struct error **err)
{
	if (prepare_end(feed->input_fd, err) < 0 || prepare_end(feed->output_fd, err) < 0 ||
	    prepare_end(feed->messages_fd, err) < 0)
		return -1;
	return 0;
}

static bool
is_for_later(int errnum)
{
	return errnum == EAGAIN || errnum == EINTR;
}

/* write() without SIGPIPE, for this thread alone: the disposition belongs to the program. */
static ssize_t
write_quietly(int fd, const void *bytes, size_t size)
{
	static const struct timespec at_once = { 0 };
	sigset_t pipe_signal, before, pending;
	ssize_t written;
	int errnum;

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
	written = write(fd, bytes, size);
	errnum = errno;
	if (written < 0 && errnum == EPIPE && !sigismember(&pending, SIGPIPE))
		(void)sigtimedwait(&pipe_signal, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = errnum;
	return written;
}

static void
move_input(struct feed *feed)
{
	ssize_t written = 0;

	if (feed->input_left_bytes > 0)
		written = write_quietly(feed->input_fd, feed->input, feed->input_left_bytes);
	if (written < 0 && is_for_later(errno))
		return;
	if (written > 0) {
		feed->input += written;
		feed->input_left_bytes -= (size_t)written;
	}
	if (written < 0 || feed->input_left_bytes == 0)
		close_end(&feed->input_fd);
}

static int
move_output(int *fd, struct buf *buf, struct error **err)
{
	char chunk[16384];
	ssize_t got = read(*fd, chunk, sizeof(chunk));

	if (got < 0 && is_for_later(errno))
		return 0;
	if (got < 0)
		return error_set_errno(err, errno, "cannot read from a pipe");
	if (got == 0)
		close_end(fd);
	return buf_append(buf, chunk, (size_t)got, err);
}

static bool
is_open(const struct feed *feed)
{
	return feed->input_fd >= 0 || feed->output_fd >= 0 || feed->messages_fd >= 0;
}

static int
move_ready(struct feed *feed, const struct pollfd ready[3], struct error **err)
{
	if (ready[0].revents)
		move_input(feed);
	if (ready[1].revents && move_output(&feed->output_fd, feed->output, err) < 0)
		return -1;
	if (ready[2].revents && move_output(&feed->messages_fd, feed->messages, err) < 0)
		return -1;
	return 0;
}

int
feed_run(struct feed *feed, int64_t deadline_ms, struct error **err)
{
	while (is_open(feed)) {
		struct pollfd ready[3] = {
			{ .fd = feed->input_fd, .events = POLLOUT },
			{ .fd = feed->output_fd, .events = POLLIN },
			{ .fd = feed->messages_fd, .events = POLLIN },
		};
		int left_ms = deadline_left_ms(deadline_ms, INT_MAX);
		int count = left_ms > 0 ? poll(ready, 3, left_ms) : 0;

		if (left_ms == 0)
			return 0;
		if (count < 0 && errno != EINTR)
			return error_set_errno(err, errno, "cannot wait for a pipe");
		if (count > 0 && move_ready(feed, ready, err) < 0)
			return -1;
	}
	return 0;
}

void
feed_release(struct feed *feed)
{
	close_end(&feed->input_fd);
	close_end(&feed->output_fd);
	close_end(&feed->messages_fd);
}
