/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/sink.h"

#include "base/xalloc.h"

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
