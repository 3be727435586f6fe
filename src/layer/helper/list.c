#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "layer/listed.h"

#define TAR_BLOCK_BYTES 512

DEFINE_CLEANUP(struct archive, archive_read_free)

struct list {
	struct archive *reader;
	uint64_t file_bytes;
	uint64_t next_bytes; /* where the next header must be; 0: anywhere */
	listed_visit *visit;
	void *context;
};

static int
refuse(struct archive *reader, struct error **err)
{
	const char *why = archive_error_string(reader);

	if (archive_errno(reader) == EIO)
		return error_set(err, ERROR_LOCAL, "cannot read it: %s",
				 QUOTED(why ? why : "not understood"));
	return error_set(err, ERROR_CONTENT, "it is no tar that can be read: %s",
			 QUOTED(why ? why : "not understood"));
}

static int
refuse_member(const char *name, const char *why, struct error **err)
{
	return error_set(err, ERROR_CONTENT, "its member '%s' %s", QUOTED(name), why);
}

/* Bytes that are not where the headers say belong to something we do not know. */
static int
check_position(struct list *list, struct error **err)
{
	uint64_t at_bytes = (uint64_t)archive_read_header_position(list->reader);

	if (list->next_bytes == 0 || at_bytes == list->next_bytes)
		return 0;
	return error_set(err, ERROR_CONTENT, "its members do not follow one another");
}

static int
place_file(struct list *list, struct archive_entry *entry, struct listed *listed,
	   struct error **err)
{
	uint64_t offset = (uint64_t)archive_filter_bytes(list->reader, 0);
	int64_t size = archive_entry_size(entry);

	if (archive_entry_sparse_count(entry) > 0)
		return refuse_member(listed->path, "is a sparse file", err);
	if (size < 0 || offset > list->file_bytes || (uint64_t)size > list->file_bytes - offset)
		return refuse_member(listed->path, "is cut short", err);
	listed->offset_bytes = offset;
	listed->size_bytes = (uint64_t)size;
	list->next_bytes =
		offset + ((uint64_t)size + TAR_BLOCK_BYTES - 1) / TAR_BLOCK_BYTES * TAR_BLOCK_BYTES;
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
	/* One that is too long leads nowhere here. */
	listed->link = target && strlen(target) <= ARCHIVE_NAME_LIMIT_BYTES ? target : "";
	return true;
}

static int
check_name(const char *path, struct error **err)
{
	if (strlen(path) <= ARCHIVE_NAME_LIMIT_BYTES)
		return 0;
	error_set(err, ERROR_CONTENT, "a name in it has more than %d bytes",
		  ARCHIVE_NAME_LIMIT_BYTES);
	return error_set_class(err, "limit");
}

static int
take_entry(struct list *list, struct archive_entry *entry, struct error **err)
{
	struct listed listed = { .path = archive_entry_pathname(entry), .link = "" };

	list->next_bytes = 0;
	if (!listed.path)
		return 0;
	if (check_name(listed.path, err) < 0)
		return -1;
	if (!take_link(entry, &listed)) {
		if (archive_entry_filetype(entry) != AE_IFREG)
			return 0;
		if (place_file(list, entry, &listed, err) < 0)
			return -1;
	}
	return list->visit(list->context, &listed, err);
}

/* 1: an entry, 0: the end. */
static int
next_entry(struct list *list, struct archive_entry **ret_entry, struct error **err)
{
	int ret = archive_read_next_header(list->reader, ret_entry);

	if (ret != ARCHIVE_OK && ret != ARCHIVE_WARN && ret != ARCHIVE_EOF)
		return refuse(list->reader, err);
	if (check_position(list, err) < 0)
		return -1;
	return ret != ARCHIVE_EOF;
}

static int
list_all(struct list *list, int fd, struct error **err)
{
	struct archive_entry *entry;
	int ret;

	if (archive_read_support_format_tar(list->reader) != ARCHIVE_OK ||
	    archive_read_open_fd(list->reader, fd, 64 * KIB) != ARCHIVE_OK)
		return refuse(list->reader, err);
	while ((ret = next_entry(list, &entry, err)) > 0)
		if (take_entry(list, entry, err) < 0)
			return -1;
	return ret;
}

int
list_tar(int fd, listed_visit *visit, void *context, struct error **err)
{
	CLEANUP(archive_read_free_at) struct archive *reader = archive_read_new();
	struct list list = { .reader = reader, .visit = visit, .context = context };
	struct stat status;

	if (!reader)
		return error_set_errno(err, ENOMEM, "cannot read a tar");
	if (fstat(fd, &status) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, errno, "cannot read it");
	list.file_bytes = (uint64_t)status.st_size;
	return list_all(&list, fd, err);
}
