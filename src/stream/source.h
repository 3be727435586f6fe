/* source.h - content to send: bytes in memory or an open file, readable more than once
 *
 * An upload that is retried or resumed reads again from an offset, so a source is never consumed.
 */
#ifndef OCIFP_STREAM_SOURCE_H
#define OCIFP_STREAM_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct digest;
struct error;

struct source {
	const void *bytes; /* NULL: `fd` is read */
	int fd;
	uint64_t offset_bytes; /* where the content starts in the file */
	uint64_t size_bytes;
};

struct source source_of_bytes(const void *bytes, size_t size);
struct source source_of_fd(int fd, uint64_t size_bytes);

/* Reads at `at_bytes` of the content.  Short only at its end; a file that ends before size_bytes
 * is ERROR_CONTENT with class "source_changed". */
int source_read(const struct source *source, uint64_t at_bytes, void *bytes, size_t size,
		size_t *ret_size, struct error **err);

/* Reads all of it: ERROR_CONTENT with class "source_changed" when it has another digest. */
int source_check(const struct source *source, const struct digest *digest, struct error **err);

#endif
