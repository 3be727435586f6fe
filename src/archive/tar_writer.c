#include "archive/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "stream/source.h"

DEFINE_CLEANUP(struct archive_entry, archive_entry_free)

struct tar_writer {
	struct archive *tar;
	int fd;
	const char *what;
	bool is_abandoned;
	struct error *failure; /* of the last write; what libarchive says of it is less */
};

static la_ssize_t
write_out(struct archive *tar, void *context, const void *bytes, size_t size)
{
	struct tar_writer *writer = context;

	if (!writer->is_abandoned && !writer->failure &&
	    fd_write_all(writer->fd, bytes, size, writer->what, &writer->failure) == 0)
		return (la_ssize_t)size;
	archive_set_error(tar, EIO, "%s", "write failed");
	return -1;
}

static int
fail(struct tar_writer *writer, struct error **err)
{
	const char *why = archive_error_string(writer->tar);
	AUTO_FREE char *shown = text_quote_string(why ? why : "not possible");

	if (!writer->failure)
		return error_set(err, ERROR_FAILURE, "cannot make a tar: %s", shown);
	*err = TAKE_PTR(writer->failure);
	return -1;
}

static int
set_up(struct tar_writer *writer)
{
	if (archive_write_set_format_pax_restricted(writer->tar) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(writer->tar, TRANSFER_BUFFER_BYTES) != ARCHIVE_OK)
		return -1;
	/* Else zeros fill the last buffer. */
	if (archive_write_set_bytes_in_last_block(writer->tar, 1) != ARCHIVE_OK ||
	    archive_write_open(writer->tar, writer, NULL, write_out, NULL) != ARCHIVE_OK)
		return -1;
	return 0;
}

struct tar_writer *
tar_writer_new(int fd, const char *what, struct error **err)
{
	AUTO_TAR_WRITER struct tar_writer *writer = XNEW(struct tar_writer);

	writer->fd = fd;
	writer->what = what;
	writer->tar = archive_write_new();
	if (!writer->tar) {
		error_set_errno(err, ENOMEM, "cannot make a tar");
		return NULL;
	}
	if (set_up(writer) < 0) {
		fail(writer, err);
		return NULL;
	}
	return TAKE_PTR(writer);
}

static int
begin_file(struct tar_writer *writer, const char *name, uint64_t size_bytes, struct error **err)
{
	CLEANUP(archive_entry_free_at) struct archive_entry *entry = archive_entry_new();

	if (!entry)
		return error_set_errno(err, ENOMEM, "cannot make a tar");
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_size(entry, (int64_t)size_bytes);
	return archive_write_header(writer->tar, entry) == ARCHIVE_OK ? 0 : fail(writer, err);
}

static int
write_data(struct tar_writer *writer, const void *bytes, size_t size, struct error **err)
{
	return archive_write_data(writer->tar, bytes, size) == (la_ssize_t)size ? 0
										: fail(writer, err);
}

int
tar_writer_add_bytes(struct tar_writer *writer, const char *name, const void *bytes, size_t size,
		     struct error **err)
{
	return begin_file(writer, name, size, err) < 0 ? -1 : write_data(writer, bytes, size, err);
}

static int
write_source(struct tar_writer *writer, const struct source *source, struct hasher *hasher,
	     struct error **err)
{
	AUTO_FREE char *buffer = xcalloc(1, TRANSFER_BUFFER_BYTES);

	for (uint64_t at_bytes = 0; at_bytes < source->size_bytes;) {
		size_t size = 0;

		if (source_read(source, at_bytes, buffer, TRANSFER_BUFFER_BYTES, &size, err) < 0)
			return -1;
		hasher_add(hasher, buffer, size);
		if (write_data(writer, buffer, size, err) < 0)
			return -1;
		at_bytes += size;
	}
	return 0;
}

int
tar_writer_add_blob(struct tar_writer *writer, const char *name, const struct source *source,
		    const struct digest *digest, struct error **err)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(digest->algorithm);
	struct digest actual;

	if (begin_file(writer, name, source->size_bytes, err) < 0 ||
	    write_source(writer, source, hasher, err) < 0)
		return -1;
	actual = hasher_finish(hasher);
	if (digest_equal(&actual, digest))
		return 0;
	error_set(err, ERROR_CONTENT, "the content of '%s' in the store is damaged",
		  digest_text(digest).text);
	error_set_class(err, "digest");
	return error_set_hint(err, "`ocifp store fsck` takes it away, so that it is fetched again");
}

int
tar_writer_finish(struct tar_writer *writer, struct error **err)
{
	return archive_write_close(writer->tar) == ARCHIVE_OK ? 0 : fail(writer, err);
}

void
tar_writer_free(struct tar_writer *writer)
{
	if (!writer)
		return;
	/* Of a tar that is not finished nothing more is to be written.  archive_write_fail() says
	 * that too, but then libarchive 3.6 does not free its buffer. */
	writer->is_abandoned = true;
	(void)archive_write_free(writer->tar);
	error_free(writer->failure);
	free(writer);
}
