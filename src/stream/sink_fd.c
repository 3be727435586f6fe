/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/sink.h"

#include "base/fd.h"
#include "base/xalloc.h"

struct fd_sink {
	struct sink sink;
	int fd;
	char *what;
};

static int
fd_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct fd_sink *self = (struct fd_sink *)sink;

	return fd_write_all(self->fd, bytes, size, self->what, err);
}

static int
fd_finish(struct sink *sink, struct error **err)
{
	(void)sink;
	(void)err;
	return 0;
}

static void
fd_free(struct sink *sink)
{
	struct fd_sink *self = (struct fd_sink *)sink;

	free(self->what);
	free(self);
}

struct sink *
sink_fd(int fd, const char *what)
{
	static const struct sink_ops ops = { fd_write, fd_finish, fd_free };
	struct fd_sink *self = XNEW(struct fd_sink);

	self->sink.ops = &ops;
	self->fd = fd;
	self->what = xstrdup(what);
	return &self->sink;
}
