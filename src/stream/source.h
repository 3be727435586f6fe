/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - content to send: bytes in memory, an open file or a flow, readable more than once
 *
 * An upload that is retried or resumed reads again from an offset, so a source is never consumed.
 */
#ifndef OCIFP_STREAM_SOURCE_H
#define OCIFP_STREAM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/digest.h"

struct error;

/* Content that arrives while it is sent: relay.h. */
struct source_flow {
	/* As source_read(); 0 bytes: not yet. */
	int (*read)(struct source_flow *flow, uint64_t at_bytes, void *bytes, size_t size,
		    size_t *ret_size, struct error **err);

	/* After "not yet": there is something now, if only an error. */
	bool (*is_ready)(const struct source_flow *flow);
};

struct source {
	struct source_flow *flow; /* NULL: bytes or a file */
	const void *bytes;        /* NULL: `fd` is read */
	int fd;
	uint64_t offset_bytes; /* where the content starts in the file */
	uint64_t size_bytes;
};

struct source source_of_bytes(const void *bytes, size_t size);
struct source source_of_fd(int fd, uint64_t size_bytes);

/* Reads at `at_bytes` of the content.  Returns fewer bytes only at its end, and for a flow: there 0
 * bytes before the end mean "not yet".  A file that ends before size_bytes is ERROR_CONTENT with
 * class "source_changed". */
int source_read(const struct source *source, uint64_t at_bytes, void *bytes, size_t size,
		size_t *ret_size, struct error **err);

/* Reads all content; not for a flow. */
int source_hash(const struct source *source, enum digest_algorithm algorithm,
		struct digest *ret_digest, struct error **err);

/* ERROR_CONTENT with class "source_changed" when the content has another digest.  A flow is not
 * read: its content is checked where it is fed. */
int source_check(const struct source *source, const struct digest *digest, struct error **err);

#endif
