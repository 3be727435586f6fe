/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint/hash_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/input_files.h"
#include "fingerprint/stat_cache.h"
#include "fingerprint/walk.h"
#include "oci/digest.h"

void
file_hasher_init(struct file_hasher *hasher, int dir_fd, bool each)
{
	*hasher = (struct file_hasher){
		.dir_fd = dir_fd,
		.file = each ? hasher_new(DIGEST_SHA256) : NULL,
		.buffer = xcalloc(1, TRANSFER_BUFFER_BYTES),
	};
}

void
file_hasher_release(struct file_hasher *hasher)
{
	hasher_free(hasher->file);
	free(hasher->buffer);
	*hasher = (struct file_hasher){ .dir_fd = -1 };
}

static int
fail(struct error **err, const char *doing, const struct input_file *file)
{
	int errnum = errno;

	return error_set_errno(err, errnum, "cannot %s '%s'", doing, QUOTED(file->path));
}

static int
fail_changed(struct error **err, const struct input_file *file)
{
	error_set(err, ERROR_CONTENT, "input '%s' changed while it was read", QUOTED(file->path));
	error_set_class(err, CLASS_SOURCE_CHANGED);
	return error_set_hint(err, "run again when nothing changes it");
}

static void
add_bytes(struct file_hasher *hasher, size_t size)
{
	if (hasher->file)
		hasher_add(hasher->file, hasher->buffer, size);
	if (hasher->stream)
		hasher_add(hasher->stream, hasher->buffer, size);
}

static void
finish(struct file_hasher *hasher, struct input_file *file)
{
	struct digest digest;

	if (!hasher->file)
		return;
	digest = hasher_finish(hasher->file);
	memcpy(file->sha256, digest.bytes, INPUT_DIGEST_BYTES);
	hasher_reset(hasher->file);
}

/* Reads once even if the size is 0: files of /proc report that.  The size afterwards shows whether
 * the file grew. */
static int
read_content(struct file_hasher *hasher, int fd, const struct input_file *file, struct error **err)
{
	uint64_t left = file->size;

	do {
		ssize_t got = read(fd, hasher->buffer, TRANSFER_BUFFER_BYTES);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(err, "read", file);
		if ((uint64_t)got > left || (got == 0 && left > 0))
			return fail_changed(err, file);
		add_bytes(hasher, (size_t)got);
		left -= (uint64_t)got;
	} while (left > 0);
	return 0;
}

/* Checks the name, not the descriptor: the name may lead to another file by now. */
static int
check_unchanged(const struct file_hasher *hasher, const struct input_file *file,
		const struct stat *before, struct error **err)
{
	struct stat after;
	int flags = file->named ? 0 : AT_SYMLINK_NOFOLLOW;

	if (fstatat(hasher->dir_fd, file->path, &after, flags) < 0 || !file_is_same(before, &after))
		return fail_changed(err, file);
	return 0;
}

static void
take_status(struct input_file *file, const struct stat *status)
{
	file->size = (uint64_t)status->st_size;
	file->mode = status->st_mode & S_IXUSR ? INPUT_EXECUTABLE : INPUT_PLAIN;
}

static int
hash_regular(struct file_hasher *hasher, int fd, struct input_file *file, struct error **err)
{
	struct stat before;
	bool is_settled;

	if (fstat(fd, &before) < 0)
		return fail(err, "look at", file);
	if (!S_ISREG(before.st_mode))
		return walk_refuse_special(file->path, err);
	is_settled = hasher->cache && stat_cache_settle(hasher->cache, fd, &before);
	take_status(file, &before);
	if (read_content(hasher, fd, file, err) < 0 ||
	    check_unchanged(hasher, file, &before, err) < 0)
		return -1;
	finish(hasher, file);
	if (is_settled)
		stat_cache_keep(hasher->cache, hasher->index, &before, file->sha256);
	return 0;
}

static int
hash_link(struct file_hasher *hasher, struct input_file *file, struct error **err)
{
	ssize_t size =
		readlinkat(hasher->dir_fd, file->path, hasher->buffer, TRANSFER_BUFFER_BYTES);

	if (size < 0)
		return fail(err, "read link", file);
	file->size = (uint64_t)size;
	file->mode = INPUT_LINK;
	add_bytes(hasher, (size_t)size);
	finish(hasher, file);
	return 0;
}

static bool
find_known(const struct file_hasher *hasher, struct input_file *file)
{
	struct stat status;

	if (!hasher->cache || !stat_cache_has_any(hasher->cache) ||
	    fstatat(hasher->dir_fd, file->path, &status, file->named ? 0 : AT_SYMLINK_NOFOLLOW) <
		    0 ||
	    !S_ISREG(status.st_mode) ||
	    !stat_cache_find(hasher->cache, hasher->index, &status, file->sha256))
		return false;
	take_status(file, &status);
	return true;
}

/* If the file has become a FIFO or a terminal since it was found, opening must not block or affect
 * it. */
int
hash_file(struct file_hasher *hasher, struct input_file *file, struct error **err)
{
	int nofollow = file->named ? 0 : O_NOFOLLOW;
	AUTO_CLOSE int fd = -1;

	if (find_known(hasher, file))
		return 0;
	fd = openat(hasher->dir_fd, file->path,
		    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | nofollow);
	if (fd >= 0)
		return hash_regular(hasher, fd, file, err);
	if (errno_is_link(errno) && nofollow)
		return hash_link(hasher, file, err);
	return fail(err, "open", file);
}
