/* SPDX-License-Identifier: Apache-2.0 */
/* body.h - the receiver of a response's bytes
 *
 * begin() is called once for each response, with the offset of its first byte as the server sends
 * it; write() in order; end() when that response was complete.  A transfer may take several
 * responses: after a broken one, begin() is called with the offset that wanted() names then, or
 * with 0 if the server does not honour ranges.  Retry, resume and ranges end here; the sinks
 * stacked on a body see each byte once and in order.
 *
 *     request --begin/write/end--> body (store/ingest, body_buf) --> sinks
 */
#ifndef OCIFP_STREAM_BODY_H
#define OCIFP_STREAM_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct descriptor;
struct error;
struct body;

/* Bytes first .. end-1 of content with this size; end 0: up to its end. */
struct body_range {
	uint64_t first;
	uint64_t end;
	uint64_t size_bytes;
};

struct body_ops {
	/* The bytes that are still missing.  first == end > 0: none. */
	struct body_range (*wanted)(const struct body *body);
	int (*begin)(struct body *body, uint64_t offset, struct error **err);
	int (*write)(struct body *body, const void *bytes, size_t size, struct error **err);
	int (*end)(struct body *body, struct error **err);

	/* Writes bytes at any place of the content, ahead of the responses that begin() announces;
	 * without begin() and end().  wanted() leaves them out once the bytes before them have
	 * come.  NULL: the body does not support it. */
	int (*write_at)(struct body *body, uint64_t offset, const void *bytes, size_t size,
			struct error **err);

	/* False: the next write() has to wait.  NULL: never. */
	bool (*has_room)(const struct body *body);
};

struct body {
	const struct body_ops *ops;
};

static inline struct body_range
body_wanted(const struct body *body)
{
	return body->ops->wanted(body);
}

static inline bool
body_is_complete(const struct body *body)
{
	struct body_range range = body->ops->wanted(body);

	return range.end > 0 && range.first == range.end;
}

static inline bool
body_has_room(const struct body *body)
{
	return !body->ops->has_room || body->ops->has_room(body);
}

static inline int
body_begin(struct body *body, uint64_t offset, struct error **err)
{
	return body->ops->begin(body, offset, err);
}

static inline int
body_write(struct body *body, const void *bytes, size_t size, struct error **err)
{
	return body->ops->write(body, bytes, size, err);
}

static inline int
body_end(struct body *body, struct error **err)
{
	return body->ops->end(body, err);
}

/* A body in memory: each response starts it afresh; the buffer's limit applies. */
struct body_buf {
	struct body body;
	struct buf *buf;                   /* borrowed */
	const struct descriptor *expected; /* end() checks size and digest; NULL: any content */
};

void body_buf_init(struct body_buf *self, struct buf *buf);

#endif
