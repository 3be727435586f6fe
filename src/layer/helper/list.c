/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/helper/tar_filter.h"
#include "layer/listed.h"

struct list {
	struct archive *reader;
	struct tar_filter tar; /* between the file and libarchive */
	struct error *failure; /* of these; what libarchive makes of it is less */
	int fd;
	uint64_t at_bytes; /* where the filter reads next */
	uint64_t file_bytes;
	uint8_t buffer[64 * KIB];
	listed_visit *visit;
	void *context;
};

static void
list_free(struct list *list)
{
	if (!list)
		return;
	archive_read_free(list->reader);
	tar_filter_release(&list->tar);
	error_free(list->failure);
	free(list);
}
DEFINE_CLEANUP(struct list, list_free)

static int
read_file(void *context, const void **ret_bytes, size_t *ret_size, struct error **err)
{
	struct list *list = context;
	ssize_t size = pread(list->fd, list->buffer, sizeof(list->buffer), (off_t)list->at_bytes);

	if (size < 0)
		return error_set_errno(err, errno, "cannot read it");
	list->at_bytes += (uint64_t)size;
	*ret_bytes = list->buffer;
	*ret_size = (size_t)size;
	return 0;
}

/* Nothing follows the end: a truncated member has been refused before. */
static void
skip_file(void *context, uint64_t size)
{
	struct list *list = context;

	list->at_bytes += size;
}

static la_ssize_t
read_tar(struct archive *archive, void *context, const void **ret_bytes)
{
	struct list *list = context;
	size_t size = 0;

	if (tar_filter_read(&list->tar, ret_bytes, &size, &list->failure) < 0) {
		archive_set_error(archive, EIO, "%s", "no more bytes");
		return -1;
	}
	return (la_ssize_t)size;
}

static la_int64_t
skip_tar(struct archive *archive, void *context, la_int64_t request)
{
	struct list *list = context;

	(void)archive;
	return request > 0 ? (la_int64_t)tar_filter_skip(&list->tar, (uint64_t)request) : 0;
}

static int
fail(struct list *list, struct error **err)
{
	const char *why = archive_error_string(list->reader);

	if (list->failure)
		return error_pass(err, TAKE_PTR(list->failure));
	return error_set(err, ERROR_CONTENT, "cannot read the tar: %s",
			 QUOTED(why ? why : "not understood"));
}

static int
refuse_member(const char *name, const char *why, struct error **err)
{
	return error_set(err, ERROR_CONTENT, "invalid member '%s': %s", QUOTED(name), why);
}

/* Whether libarchive understood the headers as we did; of a link without a target it makes a file.
 */
static int
check_found(const struct list *list, struct archive_entry *entry, const char *path,
	    struct error **err)
{
	const struct tar_found *found = &list->tar.found;
	uint64_t at = (uint64_t)archive_filter_bytes(list->reader, 0);
	const char *link = archive_entry_hardlink(entry);
	bool is_file = !link && archive_entry_filetype(entry) == AE_IFREG;

	if (found->type == '1' && (!link || !*link))
		return refuse_member(path, "a link without a target", err);
	if (at < found->headers_end || at > found->content_begin ||
	    (is_file && (uint64_t)archive_entry_size(entry) != found->size_bytes))
		return refuse_member(path, "readers interpret its headers differently", err);
	return 0;
}

static bool
take_link(struct archive_entry *entry, struct listed *listed)
{
	const char *hard = archive_entry_hardlink(entry);
	const char *target = hard ? hard : archive_entry_symlink(entry);

	if (!hard && archive_entry_filetype(entry) != AE_IFLNK)
		return false;
	listed->kind = hard ? LISTED_HARD_LINK : LISTED_SYMBOLIC_LINK;
	/* Too long a target cannot lead to a member. */
	listed->link = target && strlen(target) <= ARCHIVE_NAME_LIMIT_BYTES ? target : "";
	return true;
}

static int
take_entry(struct list *list, struct archive_entry *entry, struct error **err)
{
	struct listed listed = { .path = archive_entry_pathname(entry), .link = "" };

	if (!listed.path)
		return 0;
	if (strlen(listed.path) > ARCHIVE_NAME_LIMIT_BYTES) {
		error_set(err, ERROR_CONTENT, "a name has more than %d bytes",
			  ARCHIVE_NAME_LIMIT_BYTES);
		return error_set_class(err, CLASS_LIMIT);
	}
	if (check_found(list, entry, listed.path, err) < 0)
		return -1;
	if (!take_link(entry, &listed)) {
		const struct tar_found *found;

		if (archive_entry_filetype(entry) != AE_IFREG)
			return 0;
		found = &list->tar.found;
		if (archive_entry_sparse_count(entry) > 0 ||
		    found->content_begin > found->headers_end || found->type == 'S')
			return refuse_member(listed.path, "a sparse file", err);
		/* With its last block whole: a writer that failed leaves that out. */
		if (found->source_begin > list->file_bytes ||
		    found->size_bytes > list->file_bytes - found->source_begin ||
		    -found->size_bytes % TAR_BLOCK_BYTES >
			    list->file_bytes - found->source_begin - found->size_bytes)
			return refuse_member(listed.path, "truncated", err);
		listed.offset_bytes = found->source_begin;
		listed.size_bytes = found->size_bytes;
	}
	return list->visit(list->context, &listed, err);
}

/* 1: an entry, 0: the end. */
static int
next_entry(struct list *list, struct archive_entry **ret_entry, struct error **err)
{
	int ret = archive_read_next_header(list->reader, ret_entry);

	if (ret != ARCHIVE_OK && ret != ARCHIVE_WARN && ret != ARCHIVE_EOF)
		return fail(list, err);
	return ret != ARCHIVE_EOF;
}

int
list_tar(int fd, listed_visit *visit, void *context, struct error **err)
{
	CLEANUP(list_free_at) struct list *list = xcalloc(1, sizeof(*list));
	const struct tar_source source = { read_file, skip_file, list };
	struct stat status;
	struct archive_entry *entry;
	int ret;

	list->reader = archive_read_new();
	list->fd = fd;
	list->visit = visit;
	list->context = context;
	tar_filter_init(&list->tar, &source);
	if (!list->reader)
		return error_set_errno(err, ENOMEM, "cannot read a tar");
	if (fstat(fd, &status) < 0)
		return error_set_errno(err, errno, "cannot read it");
	list->file_bytes = (uint64_t)status.st_size;
	if (archive_read_support_format_tar(list->reader) != ARCHIVE_OK ||
	    archive_read_open2(list->reader, list, NULL, read_tar, skip_tar, NULL) != ARCHIVE_OK)
		return fail(list, err);
	while ((ret = next_entry(list, &entry, err)) > 0)
		if (take_entry(list, entry, err) < 0)
			return -1;
	return ret;
}
