#include "archive/members.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/member_name.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"

#define TAR_BLOCK_BYTES 512

DEFINE_CLEANUP(struct archive, archive_read_free)

struct scan {
	struct archive *reader;
	uint64_t file_bytes;
	uint64_t next_bytes; /* where the next header must be; 0: anywhere */
	struct members members;
};

static int
refuse(struct archive *reader, struct error **err)
{
	const char *why = archive_error_string(reader);
	AUTO_FREE char *shown = text_quote_string(why ? why : "not understood");

	if (archive_errno(reader) == EIO)
		return error_set(err, ERROR_LOCAL, "cannot read it: %s", shown);
	return error_set(err, ERROR_CONTENT, "it is no tar that can be read: %s", shown);
}

static int
refuse_member(const char *name, const char *why, struct error **err)
{
	AUTO_FREE char *shown = text_quote_string(name);

	return error_set(err, ERROR_CONTENT, "its member '%s' %s", shown, why);
}

/* Bytes that are not where the headers say belong to something we do not know. */
static int
check_position(struct scan *scan, struct error **err)
{
	uint64_t at_bytes = (uint64_t)archive_read_header_position(scan->reader);

	if (scan->next_bytes == 0 || at_bytes == scan->next_bytes)
		return 0;
	return error_set(err, ERROR_CONTENT, "its members do not follow one another");
}

static int
place_file(struct scan *scan, struct archive_entry *entry, struct member *member,
	   struct error **err)
{
	uint64_t offset = (uint64_t)archive_filter_bytes(scan->reader, 0);
	int64_t size = archive_entry_size(entry);

	if (archive_entry_sparse_count(entry) > 0)
		return refuse_member(member->name, "is a sparse file", err);
	if (size < 0 || offset > scan->file_bytes || (uint64_t)size > scan->file_bytes - offset)
		return refuse_member(member->name, "is cut short", err);
	member->offset_bytes = offset;
	member->size_bytes = (uint64_t)size;
	scan->next_bytes =
		offset + ((uint64_t)size + TAR_BLOCK_BYTES - 1) / TAR_BLOCK_BYTES * TAR_BLOCK_BYTES;
	return 0;
}

static void
place_link(struct archive_entry *entry, struct member *member)
{
	const char *hard = archive_entry_hardlink(entry);
	const char *target = hard ? hard : archive_entry_symlink(entry);

	member->is_link = true;
	if (!target || strlen(target) > ARCHIVE_NAME_LIMIT_BYTES)
		return;
	member->link = hard ? member_name(target) : member_name_follow(member->name, target);
}

static int
check_limits(const struct scan *scan, const char *path, struct error **err)
{
	if (strlen(path) > ARCHIVE_NAME_LIMIT_BYTES)
		error_set(err, ERROR_CONTENT, "a name in it has more than %d bytes",
			  ARCHIVE_NAME_LIMIT_BYTES);
	else if (scan->members.count >= ARCHIVE_MEMBERS_LIMIT_COUNT)
		error_set(err, ERROR_CONTENT, "it has more than %d members",
			  ARCHIVE_MEMBERS_LIMIT_COUNT);
	else
		return 0;
	return error_set_class(err, "limit");
}

static int
take_entry(struct scan *scan, struct archive_entry *entry, struct error **err)
{
	const char *path = archive_entry_pathname(entry);
	bool is_link = archive_entry_hardlink(entry) || archive_entry_filetype(entry) == AE_IFLNK;
	struct member member = { .name = path ? member_name(path) : NULL };
	int ret = 0;

	scan->next_bytes = 0;
	if (path && check_limits(scan, path, err) < 0)
		ret = -1;
	else if (member.name && is_link)
		place_link(entry, &member);
	else if (member.name && archive_entry_filetype(entry) == AE_IFREG)
		ret = place_file(scan, entry, &member, err);
	else
		free(TAKE_PTR(member.name));
	if (ret == 0 && member.name)
		members_add(&scan->members, &member);
	else
		free(member.name);
	return ret;
}

/* 1: an entry, 0: the end. */
static int
next_entry(struct scan *scan, struct archive_entry **ret_entry, struct error **err)
{
	int ret = archive_read_next_header(scan->reader, ret_entry);

	if (ret != ARCHIVE_OK && ret != ARCHIVE_WARN && ret != ARCHIVE_EOF)
		return refuse(scan->reader, err);
	if (check_position(scan, err) < 0)
		return -1;
	return ret != ARCHIVE_EOF;
}

static int
scan_all(struct scan *scan, int fd, struct error **err)
{
	struct archive_entry *entry;
	int ret;

	if (archive_read_support_format_tar(scan->reader) != ARCHIVE_OK ||
	    archive_read_open_fd(scan->reader, fd, 64 * KIB) != ARCHIVE_OK)
		return refuse(scan->reader, err);
	while ((ret = next_entry(scan, &entry, err)) > 0)
		if (take_entry(scan, entry, err) < 0)
			return -1;
	return ret < 0 ? -1 : members_sort(&scan->members, err);
}

int
members_scan(int fd, struct members *ret_members, struct error **err)
{
	CLEANUP(archive_read_free_at) struct archive *reader = archive_read_new();
	struct scan scan = { .reader = reader };
	struct stat status;

	if (!reader)
		return error_set_errno(err, ENOMEM, "cannot read a tar");
	if (fstat(fd, &status) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, errno, "cannot read it");
	scan.file_bytes = (uint64_t)status.st_size;
	if (scan_all(&scan, fd, err) < 0) {
		members_release(&scan.members);
		return -1;
	}
	*ret_members = scan.members;
	return 0;
}
