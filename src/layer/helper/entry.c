/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/entry.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/helper/beneath.h"
#include "layer/xattrs.h"

#define ID_LIMIT (UINT32_MAX - 1) /* chown(2) ignores (uid_t)-1 */
#define MODE_BITS 07777

static int
refuse(const char *path, const char *why, struct error **err)
{
	return error_set(err, ERROR_CONTENT, "invalid entry '%s': %s", QUOTED(path), why);
}

static int
refuse_limit(const char *path, const char *why, struct error **err)
{
	refuse(path, why, err);
	return error_set_class(err, CLASS_LIMIT);
}

static enum entry_type
type_of(struct archive_entry *from)
{
	if (archive_entry_hardlink(from))
		return ENTRY_HARD_LINK;
	switch (archive_entry_filetype(from)) {
	case AE_IFREG:
		return ENTRY_FILE;
	case AE_IFDIR:
		return ENTRY_DIRECTORY;
	case AE_IFLNK:
		return ENTRY_SYMBOLIC_LINK;
	case AE_IFIFO:
		return ENTRY_FIFO;
	case AE_IFCHR:
	case AE_IFBLK:
		return ENTRY_DEVICE;
	default:
		return ENTRY_OTHER;
	}
}

static bool
has_room(const char *path)
{
	return strlen(path) < PATH_LIMIT_BYTES;
}

static int
read_path(struct archive_entry *from, struct entry *entry, struct error **err)
{
	const char *path = archive_entry_pathname(from);

	if (!path)
		return error_set(err, ERROR_CONTENT, "invalid entry: expected a name");
	if (!has_room(path))
		return refuse_limit(path, "its name is too long", err);
	entry->path = xstrdup(path);
	path_clean(entry->path);
	return 0;
}

static int
read_link(struct archive_entry *from, struct entry *entry, struct error **err)
{
	const char *link = entry->type == ENTRY_HARD_LINK ? archive_entry_hardlink(from)
							  : archive_entry_symlink(from);

	if (entry->type != ENTRY_HARD_LINK && entry->type != ENTRY_SYMBOLIC_LINK)
		return 0;
	if (!link || !*link)
		return refuse(entry->path, "a link without a target", err);
	if (!has_room(link))
		return refuse_limit(entry->path, "its link is too long", err);
	entry->link = xstrdup(link);
	if (entry->type == ENTRY_HARD_LINK)
		path_clean(entry->link);
	return 0;
}

static int
read_ids(struct archive_entry *from, struct entry *entry, struct error **err)
{
	int64_t uid = archive_entry_uid(from);
	int64_t gid = archive_entry_gid(from);

	if (uid < 0 || uid > ID_LIMIT || gid < 0 || gid > ID_LIMIT)
		return refuse(entry->path, "its owner is out of range", err);
	entry->uid = (uint32_t)uid;
	entry->gid = (uint32_t)gid;
	return 0;
}

/* Clamps an invalid fraction of a second. */
static void
read_time(struct archive_entry *from, struct entry *entry)
{
	long nanoseconds = archive_entry_mtime_nsec(from);

	entry->modified.tv_sec = archive_entry_mtime(from);
	entry->modified.tv_nsec = nanoseconds < 0           ? 0
				  : nanoseconds > 999999999 ? 999999999
							    : nanoseconds;
}

static void
read_mode(struct archive_entry *from, struct entry *entry)
{
	entry->mode = archive_entry_mode(from) & MODE_BITS;
	entry->format = archive_entry_filetype(from);
	if (entry->type == ENTRY_DEVICE)
		entry->device = makedev((unsigned)archive_entry_rdevmajor(from),
					(unsigned)archive_entry_rdevminor(from));
}

static int
read_size(struct archive_entry *from, struct entry *entry, struct error **err)
{
	int64_t size = archive_entry_size(from);

	if (size < 0)
		return refuse(entry->path, "its size is out of range", err);
	entry->size_bytes = entry->type == ENTRY_FILE ? (uint64_t)size : 0;
	return 0;
}

/* Adds a region to ascending ones.  GNU tar reads whole blocks for each, so that it gets whole
 * ones, with zeros of the hole behind it. */
static void
add_region(struct entry *entry, uint64_t offset, uint64_t size)
{
	struct tar_region *last =
		entry->region_count > 0 ? &entry->regions[entry->region_count - 1] : NULL;

	if (size == 0)
		return;
	if (last && offset < last->offset_bytes + last->size_bytes) {
		size += offset - last->offset_bytes;
		offset = last->offset_bytes;
	} else {
		last = &entry->regions[entry->region_count++];
	}
	size += (TAR_BLOCK_BYTES - size % TAR_BLOCK_BYTES) % TAR_BLOCK_BYTES;
	if (size > entry->size_bytes - offset)
		size = entry->size_bytes - offset;
	*last = (struct tar_region){ offset, size };
}

/* Validated by the tar filter.  An empty region at the end tells GNU tar the size. */
static void
read_regions(struct archive_entry *from, struct entry *entry)
{
	int count = entry->type == ENTRY_FILE ? archive_entry_sparse_reset(from) : 0;
	int64_t offset;
	int64_t size;

	if (count <= 0)
		return;
	entry->regions = xcalloc((size_t)count + 1, sizeof(*entry->regions));
	for (; count > 0 && archive_entry_sparse_next(from, &offset, &size) == ARCHIVE_OK; count--)
		add_region(entry, (uint64_t)offset, (uint64_t)size);
	entry->regions[entry->region_count++] = (struct tar_region){ entry->size_bytes, 0 };
}

int
entry_read(struct archive_entry *from, struct entry *ret_entry, struct error **err)
{
	struct entry_xattr xattr;

	*ret_entry = (struct entry){ .type = type_of(from) };
	if (read_path(from, ret_entry, err) < 0 || read_link(from, ret_entry, err) < 0 ||
	    read_ids(from, ret_entry, err) < 0 || read_size(from, ret_entry, err) < 0)
		return -1;
	(void)archive_entry_xattr_reset(from);
	while (archive_entry_xattr_next(from, &xattr.name, &xattr.value, &xattr.size) ==
	       ARCHIVE_OK) {
		if (!xattr.name || !xattr_belongs(xattr.name)) {
			ret_entry->dropped_xattr_count++;
			continue;
		}
		if (ret_entry->xattr_count == XATTRS_LIMIT_COUNT || xattr.size > XATTR_LIMIT_BYTES)
			return refuse_limit(ret_entry->path, "too many extended attributes", err);
		ret_entry->xattrs[ret_entry->xattr_count++] = xattr;
	}
	read_mode(from, ret_entry);
	read_time(from, ret_entry);
	read_regions(from, ret_entry);
	return 0;
}

void
entry_release(struct entry *entry)
{
	free(entry->path);
	free(entry->link);
	free(entry->regions);
	entry->path = NULL;
	entry->regions = NULL;
	entry->link = NULL;
}
