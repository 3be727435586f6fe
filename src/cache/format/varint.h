/* SPDX-License-Identifier: Apache-2.0 */
/* varint.h - numbers and byte strings of an index, written and read
 *
 *     number   LEB128: 7 bits a byte, the lowest first, 0x80 on all but the last; at most 10 bytes,
 *              and only in the shortest form
 *     signed   zigzag: 0, -1, 1, -2 ... as 0, 1, 2, 3 ...
 *     text     number of bytes, bytes
 *     digest   32 bytes of SHA-256
 */
#ifndef OCIFP_CACHE_FORMAT_VARINT_H
#define OCIFP_CACHE_FORMAT_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "oci/digest.h"

/* Writing beyond the buffer's limit marks the writer; the mark is checked once at the end. */
struct wire_writer {
	struct buf buf;
	bool is_full;
};

void wire_put_number(struct wire_writer *writer, uint64_t number);
void wire_put_signed(struct wire_writer *writer, int64_t number);
void wire_put_text(struct wire_writer *writer, const void *bytes, size_t size);
void wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t size);
void wire_put_digest(struct wire_writer *writer, const struct digest *digest);

/* Untrusted bytes.  After the first invalid item all items read as 0, and `failed` stays set. */
struct wire_reader {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

struct wire_reader wire_reader_of(const void *bytes, size_t size);
uint64_t wire_get_number(struct wire_reader *reader, uint64_t most);
int64_t wire_get_signed(struct wire_reader *reader);
const char *wire_get_text(struct wire_reader *reader, size_t most, size_t *ret_size); /* no NUL */
const uint8_t *wire_get_bytes(struct wire_reader *reader, size_t size); /* NULL: missing */
struct digest wire_get_digest(struct wire_reader *reader);
bool wire_at_end(const struct wire_reader *reader);

#endif
