/* SPDX-License-Identifier: Apache-2.0 */
/* sink.h - the receiver of a stream of bytes
 *
 * Sinks stack: each does one thing and passes on to the next, so that one pass over a download can
 * check, store and unpack it.  finish() says that the stream is complete: flush, check, commit.
 * Freeing a sink that was not finished abandons its work, so an early return cannot commit half a
 * blob.  A sink owns the sinks below it.  One thread at a time.
 */
#ifndef OCIFP_STREAM_SINK_H
#define OCIFP_STREAM_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/observer.h"
#include "oci/digest.h"

struct error;
struct sink;

struct sink_ops {
	/* Takes all `size` bytes or fails.  After a failure only free() may be called. */
	int (*write)(struct sink *sink, const void *bytes, size_t size, struct error **err);
	int (*finish)(struct sink *sink, struct error **err);
	void (*free)(struct sink *sink);
};

struct sink {
	const struct sink_ops *ops;
};

static inline int
sink_write(struct sink *sink, const void *bytes, size_t size, struct error **err)
{
	return sink->ops->write(sink, bytes, size, err);
}

static inline int
sink_finish(struct sink *sink, struct error **err)
{
	return sink->ops->finish(sink, err);
}

static inline void
sink_free(struct sink *sink)
{
	if (sink)
		sink->ops->free(sink);
}
DEFINE_CLEANUP(struct sink, sink_free)
#define AUTO_SINK CLEANUP(sink_free_at)

/* Sends every byte to both; writes and finishes `first` before `second`.  Fails if either fails. */
struct sink *sink_tee(struct sink *first, struct sink *second);

/* Writes to an open file descriptor, which the caller closes. */
struct sink *sink_fd(int fd, const char *what);

struct measure {
	struct digest digest; /* SHA-256 */
	uint64_t size_bytes;
};

/* Passes bytes on; finish() stores their digest and size. */
struct sink *sink_measure(struct measure *ret_measure, struct sink *next);

/* Passes bytes on and reports their number.  `observer` may be NULL. */
struct sink *sink_count(struct observer *observer, enum event_kind kind, struct sink *next);

/* Drops everything. */
struct sink *sink_null(void);

#endif
