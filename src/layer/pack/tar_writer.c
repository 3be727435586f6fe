/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/pack/tar_writer.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "layer/tar_header.h"
#include "stream/sink.h"

struct tar_writer {
	struct sink *sink;
	struct buf records;
	uint64_t left_bytes; /* of the member that was begun */
	size_t padding_bytes;
};

struct tar_writer *
tar_writer_new(struct sink *sink)
{
	struct tar_writer *writer = XNEW(struct tar_writer);

	writer->sink = sink;
	writer->records = BUF_INIT(PAX_LIMIT_BYTES);
	return writer;
}

static size_t
padding_of(uint64_t size_bytes)
{
	return (size_t)((TAR_BLOCK_BYTES - size_bytes % TAR_BLOCK_BYTES) % TAR_BLOCK_BYTES);
}

static int
write_zeros(struct tar_writer *writer, size_t size, struct error **err)
{
	static const uint8_t zeros[2 * TAR_BLOCK_BYTES];

	return size == 0 ? 0 : sink_write(writer->sink, zeros, size, err);
}

static int
end_member(struct tar_writer *writer, struct error **err)
{
	if (writer->left_bytes > 0)
		return error_set(err, ERROR_FAILURE, "a member of the tar is incomplete");
	if (write_zeros(writer, writer->padding_bytes, err) < 0)
		return -1;
	writer->padding_bytes = 0;
	return 0;
}

/* The pax records are a member of their own, before the member that they describe. */
static int
write_records(struct tar_writer *writer, struct error **err)
{
	const struct buf *records = &writer->records;
	struct tar_member member = {
		.type = TAR_PAX,
		.name = "PaxHeader",
		.permissions = 0644,
		.size_bytes = records->size,
	};
	struct buf none = { 0 };
	uint8_t block[TAR_BLOCK_BYTES];

	if (records->size == 0)
		return 0;
	if (tar_header_make(&member, block, &none, err) < 0 ||
	    sink_write(writer->sink, block, sizeof(block), err) < 0 ||
	    sink_write(writer->sink, records->data, records->size, err) < 0)
		return -1;
	return write_zeros(writer, padding_of(records->size), err);
}

int
tar_writer_begin(struct tar_writer *writer, const struct tar_member *member, struct error **err)
{
	uint8_t block[TAR_BLOCK_BYTES];

	buf_clear(&writer->records);
	if (end_member(writer, err) < 0 ||
	    tar_header_make(member, block, &writer->records, err) < 0 ||
	    write_records(writer, err) < 0 ||
	    sink_write(writer->sink, block, sizeof(block), err) < 0)
		return -1;
	writer->left_bytes = tar_member_stored_bytes(member);
	writer->padding_bytes = padding_of(writer->left_bytes);
	return 0;
}

int
tar_writer_write(struct tar_writer *writer, const void *bytes, size_t size, struct error **err)
{
	if (size > writer->left_bytes)
		return error_set(err, ERROR_FAILURE, "a member of the tar is too long");
	if (sink_write(writer->sink, bytes, size, err) < 0)
		return -1;
	writer->left_bytes -= size;
	return 0;
}

int
tar_writer_finish(struct tar_writer *writer, struct error **err)
{
	if (end_member(writer, err) < 0 ||
	    write_zeros(writer, (size_t)2 * TAR_BLOCK_BYTES, err) < 0)
		return -1;
	return sink_finish(writer->sink, err);
}

void
tar_writer_free(struct tar_writer *writer)
{
	if (!writer)
		return;
	sink_free(writer->sink);
	buf_release(&writer->records);
	free(writer);
}
