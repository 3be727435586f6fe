#include <errno.h>
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "layer/helper/layer_reader.h"
#include "layer/helper/tree.h"

#define SET_ID_BITS (S_ISUID | S_ISGID)

/* A file system without a size, as ramfs or a tmpfs of size=0, does not know. */
static int
check_room(struct tree *tree, int fd, const struct entry *entry, struct error **err)
{
	struct statfs status;

	if (tree->counts.unpacked_bytes - tree->checked_bytes < LAYER_RESERVE_STEP_BYTES)
		return 0;
	tree->checked_bytes = tree->counts.unpacked_bytes;
	if (fstatfs(fd, &status) < 0 || status.f_blocks == 0 ||
	    (uint64_t)status.f_bavail * (uint64_t)status.f_bsize >= LAYER_RESERVE_BYTES)
		return 0;
	return tree_fail(ENOSPC, "write", entry->path, err);
}

int
tree_write(struct tree *tree, int fd, const struct entry *entry, const struct layer_piece *piece,
	   struct error **err)
{
	if (piece->offset_bytes > entry->size_bytes ||
	    piece->size > entry->size_bytes - piece->offset_bytes)
		return error_set(err, ERROR_CONTENT, "entry '%s' is longer than it says",
				 QUOTED(entry->path));
	tree->counts.unpacked_bytes += piece->size;
	if (check_room(tree, fd, entry, err) < 0)
		return -1;
	for (size_t done = 0; done < piece->size;) {
		ssize_t count = pwrite(fd, (const char *)piece->bytes + done, piece->size - done,
				       (off_t)(piece->offset_bytes + done));

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return tree_fail(count < 0 ? errno : EIO, "write", entry->path, err);
		done += (size_t)count;
	}
	return 0;
}

/* A hole at the end is no write; what is there must not be cut, it cannot be longer. */
static int
set_size(int fd, const struct entry *entry, const struct stat *status, struct error **err)
{
	if ((uint64_t)status->st_size == entry->size_bytes)
		return 0;
	if (ftruncate(fd, (off_t)entry->size_bytes) < 0)
		return tree_fail(errno, "write", entry->path, err);
	return 0;
}

int
tree_end_file(struct tree *tree, int fd, const struct entry *entry, struct error **err)
{
	const struct timespec times[2] = { entry->modified, entry->modified };
	struct stat status;

	if (fstat(fd, &status) < 0)
		return tree_fail(errno, "look at", entry->path, err);
	inode_set_add(&tree->inode_set, status.st_ino, INODE_SET_NO_VALUE);
	tree->counts.set_id_files += (entry->mode & SET_ID_BITS) != 0;
	/* chown(2) clears set-id bits and capabilities; attributes need the write permission. */
	if (set_size(fd, entry, &status, err) < 0 ||
	    tree_set_owner(tree, fd, &status, entry, err) < 0 ||
	    tree_set_xattrs(tree, fd, entry, err) < 0)
		return -1;
	if (entry->mode != 0600 && fchmod(fd, entry->mode) < 0)
		return tree_fail(errno, "set the mode of", entry->path, err);
	if (futimens(fd, times) < 0)
		return tree_fail(errno, "set the time of", entry->path, err);
	return 0;
}
