/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/sink.h"

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
