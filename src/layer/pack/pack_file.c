#include "layer/pack/pack_private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "layer/pack/tar_writer.h"
#include "layer/xattrs.h"

int
pack_refuse_changed(const char *path, struct error **err)
{
	error_set(err, ERROR_CONTENT, "'%s' changed while it was read", QUOTED(path));
	error_set_class(err, "source_changed");
	return error_set_hint(err, "run again when nothing writes to it");
}

/* Opening must not wait for a FIFO's other end or touch a terminal, should the entry have become
 * one since it was looked at. */
int
pack_open(struct pack_entry *entry, int flags, struct error **err)
{
	AUTO_CLOSE int fd =
		openat(entry->dir_fd, entry->name,
		       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
	struct stat status;

	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR || errno == ENOENT))
		return pack_refuse_changed(entry->path, err);
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_path(err, errno, "open", entry->path);
	if (!file_is_same(&entry->status, &status))
		return pack_refuse_changed(entry->path, err);
	return TAKE_FD(fd);
}

/* Up to `size` bytes, fewer only at the end. */
static ssize_t
read_whole(int fd, char *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = read(fd, bytes + done, size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* As long as it said, and not a byte longer. */
static int
copy_content(struct packing *packing, const struct pack_entry *entry, int fd, struct error **err)
{
	uint64_t left = (uint64_t)entry->status.st_size;
	ssize_t got;

	do {
		got = read_whole(fd, packing->buffer, TRANSFER_BUFFER_BYTES);
		if (got < 0)
			return error_set_path(err, errno, "read", entry->path);
		if ((uint64_t)got > left)
			return pack_refuse_changed(entry->path, err);
		if (tar_writer_write(packing->writer, packing->buffer, (size_t)got, err) < 0)
			return -1;
		left -= (uint64_t)got;
	} while (got == TRANSFER_BUFFER_BYTES);
	return left > 0 ? pack_refuse_changed(entry->path, err) : 0;
}

int
pack_check_unchanged(const struct pack_entry *entry, int fd, struct error **err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set_path(err, errno, "look at", entry->path);
	return file_is_same(&entry->status, &status) ? 0 : pack_refuse_changed(entry->path, err);
}

int
pack_file(struct packing *packing, struct pack_entry *entry, struct error **err)
{
	struct tar_member member = pack_member(packing, entry, TAR_FILE);
	AUTO_XATTRS struct xattrs xattrs = { 0 };
	AUTO_CLOSE int fd = pack_open(entry, 0, err);

	if (fd < 0 || xattrs_read(fd, entry->path, &xattrs, err) < 0)
		return -1;
	member.size_bytes = (uint64_t)entry->status.st_size;
	member.xattrs = xattrs.items;
	member.xattr_count = xattrs.count;
	if (pack_add(packing, &member, err) < 0 || copy_content(packing, entry, fd, err) < 0)
		return -1;
	return pack_check_unchanged(entry, fd, err);
}
