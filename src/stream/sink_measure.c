/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/sink.h"

#include "base/xalloc.h"

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
