#include "stream/body.h"

#include "base/buf.h"

static struct body_range
buf_wanted(const struct body *body)
{
	(void)body;
	return (struct body_range){ 0, 0 };
}

static int
buf_begin(struct body *body, uint64_t offset, struct error **err)
{
	struct body_buf *self = (struct body_buf *)body;

	(void)offset; /* always 0: nothing else is wanted */
	(void)err;
	buf_clear(self->buf);
	return 0;
}

static int
buf_write(struct body *body, const void *bytes, size_t size, struct error **err)
{
	struct body_buf *self = (struct body_buf *)body;

	return buf_append(self->buf, bytes, size, err);
}

static int
buf_end(struct body *body, struct error **err)
{
	(void)body;
	(void)err;
	return 0;
}

void
body_buf_init(struct body_buf *self, struct buf *buf)
{
	static const struct body_ops ops = { buf_wanted, buf_begin, buf_write, buf_end, NULL };

	self->body.ops = &ops;
	self->buf = buf;
}
