/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/layer_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "layer/helper/entry.h"
#include "layer/helper/ring.h"

static la_ssize_t
read_tar(struct archive *archive, void *context, const void **ret_bytes)
{
	struct layer_reader *reader = context;
	size_t size = 0;

	if (tar_filter_read(&reader->tar, ret_bytes, &size, &reader->failure) < 0) {
		archive_set_error(archive, EIO, "%s", "no more bytes");
		return -1;
	}
	return (la_ssize_t)size;
}

static int
read_ring(void *context, const void **ret_bytes, size_t *ret_size, struct error **err)
{
	return ring_read(context, ret_bytes, ret_size, err);
}

static int
fail(struct layer_reader *reader, struct error **err)
{
	const char *why = archive_error_string(reader->archive);

	if (reader->failure)
		return error_pass(err, TAKE_PTR(reader->failure));
	return error_set(err, ERROR_CONTENT, "cannot read the tar: %s",
			 QUOTED(why ? why : "not understood"));
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
		error_set(err, ERROR_CONTENT, "the files of the layer are larger than the limit");
	else
		return 0;
	return error_set_class(err, CLASS_LIMIT);
}

static int
refuse(const struct entry *entry, const char *why, struct error **err)
{
	return error_set(err, ERROR_CONTENT, "invalid entry '%s': %s", QUOTED(entry->path), why);
}

/* Whether libarchive understood the headers as we did; of a link without a target it makes a file.
 */
static int
check_found(const struct layer_reader *reader, const struct entry *entry, struct error **err)
{
	const struct tar_found *found = &reader->tar.found;
	uint64_t at = (uint64_t)archive_filter_bytes(reader->archive, 0);

	if (found->type == '1' && entry->type != ENTRY_HARD_LINK)
		return refuse(entry, "a link without a target", err);
	if (at < found->headers_end || at > found->content_begin ||
	    (entry->type == ENTRY_FILE && entry->size_bytes != found->size_bytes))
		return refuse(entry, "readers interpret its headers differently", err);
	return 0;
}

int
layer_reader_open(struct layer_reader *reader, struct ring *ring, struct error **err)
{
	const struct tar_source source = { .read = read_ring, .context = ring };

	*reader = (struct layer_reader){ .ring = ring, .archive = archive_read_new() };
	tar_filter_init(&reader->tar, &source);
	if (!reader->archive)
		return error_set_errno(err, ENOMEM, "cannot read a tar");
	if (archive_read_support_format_tar(reader->archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(reader->archive) != ARCHIVE_OK ||
	    archive_read_open(reader->archive, reader, NULL, read_tar, NULL) != ARCHIVE_OK)
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
	if (entry_read(from, ret_entry, err) < 0 || check_found(reader, ret_entry, err) < 0)
		return -1;
	if (reader->tar.found.has_time)
		ret_entry->modified = reader->tar.found.modified;
	if (check_limits(reader, ret_entry, err) < 0)
		return -1;
	reader->content_bytes += ret_entry->size_bytes;
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

/* The bytes after the end of the tar only count for the digest. */
int
layer_reader_end(struct layer_reader *reader, struct error **err)
{
	const void *bytes;
	size_t size = 1;

	while (size > 0)
		if (ring_read(reader->ring, &bytes, &size, err) < 0)
			return -1;
	return ring_next(reader->ring, &reader->measured, err);
}

void
layer_reader_release(struct layer_reader *reader)
{
	archive_read_free(reader->archive);
	tar_filter_release(&reader->tar);
	error_free(reader->failure);
}
