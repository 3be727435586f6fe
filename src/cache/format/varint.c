/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/format/varint.h"

#include <string.h>

#include "base/error.h"

enum { SHA256_BYTES = 32, VARINT_BYTES = 10 };

void
wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t size)
{
	AUTO_ERROR struct error *full = NULL;

	if (!writer->is_full && buf_append(&writer->buf, bytes, size, &full) < 0)
		writer->is_full = true;
}

void
wire_put_number(struct wire_writer *writer, uint64_t number)
{
	uint8_t bytes[VARINT_BYTES];
	size_t size = 0;

	for (; number >= 0x80; number >>= 7)
		bytes[size++] = (uint8_t)(number | 0x80);
	bytes[size++] = (uint8_t)number;
	wire_put_bytes(writer, bytes, size);
}

void
wire_put_signed(struct wire_writer *writer, int64_t number)
{
	uint64_t twice = (uint64_t)number << 1;

	wire_put_number(writer, number < 0 ? ~twice : twice);
}

void
wire_put_text(struct wire_writer *writer, const void *bytes, size_t size)
{
	wire_put_number(writer, size);
	wire_put_bytes(writer, bytes, size);
}

void
wire_put_digest(struct wire_writer *writer, const struct digest *digest)
{
	wire_put_bytes(writer, digest->bytes, SHA256_BYTES);
}

struct wire_reader
wire_reader_of(const void *bytes, size_t size)
{
	const uint8_t *start = bytes;

	return (struct wire_reader){ .at = start, .end = size > 0 ? start + size : start };
}

static uint64_t
fail(struct wire_reader *reader)
{
	reader->failed = true;
	reader->at = reader->end;
	return 0;
}

/* The tenth byte has one bit left; a last byte of 0 would be a longer form of the same number. */
uint64_t
wire_get_number(struct wire_reader *reader, uint64_t most)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < VARINT_BYTES; i++) {
		uint8_t byte;

		if (reader->at == reader->end)
			return fail(reader);
		byte = *reader->at++;
		if (i == VARINT_BYTES - 1 && byte > 1)
			return fail(reader);
		number |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte & 0x80)
			continue;
		return (byte == 0 && i > 0) || number > most ? fail(reader) : number;
	}
	return fail(reader);
}

int64_t
wire_get_signed(struct wire_reader *reader)
{
	uint64_t number = wire_get_number(reader, UINT64_MAX);
	uint64_t half = number >> 1;

	return (number & 1) ? -(int64_t)half - 1 : (int64_t)half;
}

const uint8_t *
wire_get_bytes(struct wire_reader *reader, size_t size)
{
	const uint8_t *bytes = reader->at;

	if (reader->failed || (size_t)(reader->end - reader->at) < size) {
		fail(reader);
		return NULL;
	}
	reader->at += size;
	return bytes;
}

const char *
wire_get_text(struct wire_reader *reader, size_t most, size_t *ret_size)
{
	size_t size = (size_t)wire_get_number(reader, most);
	const uint8_t *bytes = wire_get_bytes(reader, size);

	if (bytes && memchr(bytes, '\0', size)) {
		fail(reader);
		bytes = NULL;
	}
	*ret_size = bytes ? size : 0;
	return bytes ? (const char *)bytes : "";
}

struct digest
wire_get_digest(struct wire_reader *reader)
{
	struct digest digest = { .algorithm = DIGEST_SHA256 };
	const uint8_t *bytes = wire_get_bytes(reader, SHA256_BYTES);

	if (bytes)
		memcpy(digest.bytes, bytes, SHA256_BYTES);
	return digest;
}

bool
wire_at_end(const struct wire_reader *reader)
{
	return reader->at == reader->end;
}
