/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/sink.h"

#include "base/fd.h"
#include "base/xalloc.h"

struct tee_sink {
	struct sink sink;
	struct sink *first;
	struct sink *second;
};

static int
tee_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct tee_sink *self = (struct tee_sink *)sink;

	if (sink_write(self->first, bytes, size, err) < 0)
		return -1;
	return sink_write(self->second, bytes, size, err);
}

static int
tee_finish(struct sink *sink, struct error **err)
{
	struct tee_sink *self = (struct tee_sink *)sink;

	if (sink_finish(self->first, err) < 0)
		return -1;
	return sink_finish(self->second, err);
}

static void
tee_free(struct sink *sink)
{
	struct tee_sink *self = (struct tee_sink *)sink;

	sink_free(self->first);
	sink_free(self->second);
	free(self);
}

struct sink *
sink_tee(struct sink *first, struct sink *second)
{
	static const struct sink_ops ops = { tee_write, tee_finish, tee_free };
	struct tee_sink *self = XNEW(struct tee_sink);

	self->sink.ops = &ops;
	self->first = first;
	self->second = second;
	return &self->sink;
}

struct count_sink {
	struct sink sink;
	struct sink *next;
	struct observer *observer;
	enum event_kind kind;
};

static int
count_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct count_sink *self = (struct count_sink *)sink;

	observer_count(self->observer, self->kind, size);
	return sink_write(self->next, bytes, size, err);
}

static int
count_finish(struct sink *sink, struct error **err)
{
	return sink_finish(((struct count_sink *)sink)->next, err);
}

static void
count_free(struct sink *sink)
{
	sink_free(((struct count_sink *)sink)->next);
	free(sink);
}

struct sink *
sink_count(struct observer *observer, enum event_kind kind, struct sink *next)
{
	static const struct sink_ops ops = { count_write, count_finish, count_free };
	struct count_sink *self = XNEW(struct count_sink);

	self->sink.ops = &ops;
	self->next = next;
	self->observer = observer;
	self->kind = kind;
	return &self->sink;
}

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

struct measure_sink {
	struct sink sink;
	struct sink *next;
	struct hasher *hasher;
	uint64_t size_bytes;
	struct measure *ret_measure;
};

static int
measure_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	struct measure_sink *self = (struct measure_sink *)sink;

	hasher_add(self->hasher, bytes, size);
	self->size_bytes += size;
	return sink_write(self->next, bytes, size, err);
}

static int
measure_finish(struct sink *sink, struct error **err)
{
	struct measure_sink *self = (struct measure_sink *)sink;

	*self->ret_measure = (struct measure){
		.digest = hasher_finish(self->hasher),
		.size_bytes = self->size_bytes,
	};
	return sink_finish(self->next, err);
}

static void
measure_free(struct sink *sink)
{
	struct measure_sink *self = (struct measure_sink *)sink;

	hasher_free(self->hasher);
	sink_free(self->next);
	free(self);
}

struct sink *
sink_measure(struct measure *ret_measure, struct sink *next)
{
	static const struct sink_ops ops = { measure_write, measure_finish, measure_free };
	struct measure_sink *self = XNEW(struct measure_sink);

	self->sink.ops = &ops;
	self->next = next;
	self->hasher = hasher_new(DIGEST_SHA256);
	self->ret_measure = ret_measure;
	return &self->sink;
}

static int
null_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	(void)sink;
	(void)bytes;
	(void)size;
	(void)err;
	return 0;
}

static int
null_finish(struct sink *sink, struct error **err)
{
	(void)sink;
	(void)err;
	return 0;
}

static void
null_free(struct sink *sink)
{
	free(sink);
}

struct sink *
sink_null(void)
{
	static const struct sink_ops ops = { null_write, null_finish, null_free };
	struct sink *self = XNEW(struct sink);

	self->ops = &ops;
	return self;
}
