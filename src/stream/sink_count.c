/* SPDX-License-Identifier: Apache-2.0 */
#include "base/xalloc.h"
#include "stream/sink.h"

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
