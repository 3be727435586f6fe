/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/body.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/error.h"
#include "oci/descriptor.h"

static struct body_range
buf_wanted(const struct body *body)
{
	(void)body;
	return (struct body_range){ 0 };
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
	const struct body_buf *self = (const struct body_buf *)body;
	const struct descriptor *expected = self->expected;
	struct digest actual;

	if (!expected)
		return 0;
	if (self->buf->size != expected->size_bytes) {
		error_set(err, ERROR_CONTENT, "it has %zu bytes, not %" PRIu64 " as listed",
			  self->buf->size, expected->size_bytes);
		return error_set_class(err, CLASS_SIZE);
	}
	actual = digest_of(expected->digest.algorithm, self->buf->data, self->buf->size);
	if (digest_equal(&actual, &expected->digest))
		return 0;
	error_set(err, ERROR_CONTENT, "its content has digest '%s'", digest_text(&actual).text);
	return error_set_class(err, CLASS_DIGEST);
}

void
body_buf_init(struct body_buf *self, struct buf *buf)
{
	static const struct body_ops ops = {
		.wanted = buf_wanted,
		.begin = buf_begin,
		.write = buf_write,
		.end = buf_end,
	};

	*self = (struct body_buf){ .body.ops = &ops, .buf = buf };
}
