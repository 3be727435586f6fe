/* SPDX-License-Identifier: Apache-2.0 */
/* body.h - what takes the bytes of a response off the wire
 *
 * The wire says what the server really sends: begin() once a response, with the offset of its
 * first byte; write() in order; end() when that response was whole.  A transfer may take several
 * responses: one that broke off is followed by a begin() at the offset that wanted() then names,
 * or at 0 when the server does not honour ranges.  Retry, resume and ranges end here; whatever is
 * stacked on a body sees each byte once and in order.
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

/* Bytes first .. end-1 of content of so many bytes; end 0: to wherever it ends. */
struct body_range {
	uint64_t first;
	uint64_t end;
	uint64_t size_bytes;
};

struct body_ops {
	/* What is still to be asked for.  first == end > 0: nothing. */
	struct body_range (*wanted)(const struct body *body);
	int (*begin)(struct body *body, uint64_t offset, struct error **err);
	int (*write)(struct body *body, const void *bytes, size_t size, struct error **err);
	int (*end)(struct body *body, struct error **err);

	/* Bytes from any place of the content, ahead of the responses that begin() tells of; no
	 * begin() or end() belongs to them.  wanted() leaves them out once the bytes before them
	 * are there.  NULL: the body takes none. */
	int (*write_at)(struct body *body, uint64_t offset, const void *bytes, size_t size,
			struct error **err);

	/* False: the next write() should wait.  NULL: never. */
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

/* A body in memory: each response starts it afresh; the buffer's limit holds. */
struct body_buf {
	struct body body;
	struct buf *buf;                   /* borrowed */
	const struct descriptor *expected; /* end() checks size and digest; NULL: any content */
};

void body_buf_init(struct body_buf *self, struct buf *buf);

#endif
