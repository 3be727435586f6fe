#include "layer/layer_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "layer/entry.h"
#include "layer/ring.h"
#include "layer/tar_header.h"

/* Some writers (umoci insert) end at the last byte of the last file; GNU tar and Go's take that. */
static size_t
missing_padding(const struct layer_reader *reader)
{
	size_t over = (size_t)(reader->read_bytes % TAR_BLOCK_BYTES);

	if (over == 0 || reader->read_bytes != reader->content_end_bytes)
		return 0;
	return TAR_BLOCK_BYTES - over;
}

static la_ssize_t
read_ring(struct archive *archive, void *context, const void **ret_bytes)
{
	static const char padding[TAR_BLOCK_BYTES];
	struct layer_reader *reader = context;
	size_t size = 0;

	if (ring_read(reader->ring, ret_bytes, &size, &reader->failure) < 0) {
		archive_set_error(archive, EIO, "%s", "no more bytes");
		return -1;
	}
	if (size == 0) {
		size = missing_padding(reader);
		*ret_bytes = padding;
	}
	reader->read_bytes += size;
	return (la_ssize_t)size;
}

/* Of a sparse file only libarchive knows where its bytes end. */
static uint64_t
content_end(struct archive *archive, struct archive_entry *from, const struct entry *entry)
{
	uint64_t begin = (uint64_t)archive_filter_bytes(archive, 0);

	return archive_entry_sparse_count(from) > 0 ? 0 : begin + entry->size_bytes;
}

static int
fail(struct layer_reader *reader, struct error **err)
{
	const char *why = archive_error_string(reader->archive);
	AUTO_FREE char *shown = NULL;

	if (reader->failure)
		return error_pass(err, TAKE_PTR(reader->failure));
	shown = text_quote_string(why ? why : "not understood");
	return error_set(err, ERROR_CONTENT, "the layer is no tar that can be read: %s", shown);
}

/* Names are taken as raw bytes: in the C locale libarchive warns of those that are not ASCII, and
 * gives them as they are. */
static bool
warns_of_names_alone(struct archive *archive)
{
	const char *why = archive_error_string(archive);

	return why && strstr(why, "can't be converted from");
}

static int
check_limits(struct layer_reader *reader, const struct entry *entry, struct error **err)
{
	if (++reader->entry_count > LAYER_ENTRIES_LIMIT_COUNT)
		error_set(err, ERROR_CONTENT, "the layer has more than %d entries",
			  LAYER_ENTRIES_LIMIT_COUNT);
	else if (entry->size_bytes > LAYER_UNPACKED_LIMIT_BYTES - reader->content_bytes)
		error_set(err, ERROR_CONTENT, "the files of the layer are larger than they may be");
	else
		return 0;
	return error_set_class(err, "limit");
}

int
layer_reader_open(struct layer_reader *reader, struct ring *ring, struct error **err)
{
	*reader = (struct layer_reader){ .ring = ring, .archive = archive_read_new() };
	if (!reader->archive)
		return error_set_errno(err, ENOMEM, "cannot read a tar");
	if (archive_read_support_format_tar(reader->archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(reader->archive) != ARCHIVE_OK ||
	    archive_read_open(reader->archive, reader, NULL, read_ring, NULL) != ARCHIVE_OK)
		return fail(reader, err);
	return 0;
}

int
layer_reader_next(struct layer_reader *reader, struct entry *ret_entry, struct error **err)
{
	struct archive_entry *from;
	int ret = archive_read_next_header(reader->archive, &from);

	if (ret == ARCHIVE_EOF)
		return 0;
	if (ret != ARCHIVE_OK && (ret != ARCHIVE_WARN || !warns_of_names_alone(reader->archive)))
		return fail(reader, err);
	if (entry_read(from, ret_entry, err) < 0 || check_limits(reader, ret_entry, err) < 0)
		return -1;
	reader->content_bytes += ret_entry->size_bytes;
	reader->content_end_bytes = content_end(reader->archive, from, ret_entry);
	return 1;
}

int
layer_reader_content(struct layer_reader *reader, struct layer_piece *ret_piece, struct error **err)
{
	int64_t offset;
	int ret = archive_read_data_block(reader->archive, &ret_piece->bytes, &ret_piece->size,
					  &offset);

	if (ret == ARCHIVE_EOF)
		return 0;
	if (ret != ARCHIVE_OK)
		return fail(reader, err);
	ret_piece->offset_bytes = (uint64_t)offset;
	return 1;
}

/* The digest is that of the whole stream; what follows the tar's end is nobody's. */
int
layer_reader_end(struct layer_reader *reader, struct error **err)
{
	const void *bytes;
	size_t size = 1;

	while (size > 0)
		if (ring_read(reader->ring, &bytes, &size, err) < 0)
			return -1;
	ring_next(reader->ring);
	return 0;
}

void
layer_reader_release(struct layer_reader *reader)
{
	archive_read_free(reader->archive);
	error_free(reader->failure);
}
