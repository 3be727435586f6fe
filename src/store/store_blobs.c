/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "store/folder.h"
#include "store/lock.h"
#include "store/state.h"
#include "store/store.h"

char *
blob_folder(enum digest_algorithm algorithm)
{
	return xasprintf("blobs/%s", digest_algorithm_name(algorithm));
}

char *
blob_path(const struct digest *digest)
{
	return xasprintf("blobs/%s/%s", digest_algorithm_name(digest->algorithm),
			 digest_hex(digest).text);
}

bool
blob_parse_name(enum digest_algorithm algorithm, const char *name, struct digest *ret_digest)
{
	struct digest digest = { .algorithm = algorithm };
	size_t size = digest_size(algorithm);

	if (strlen(name) != 2 * size || !text_parse_hex(name, size, digest.bytes))
		return false;
	*ret_digest = digest;
	return true;
}

static const struct part *
store_find_part(const struct store *store, const struct digest *digest)
{
	for (size_t i = 0; i < store->part_count; i++)
		if (digest_equal(&store->parts[i].digest, digest))
			return &store->parts[i];
	return NULL;
}

static int
find_any(const struct store *store, const struct digest *digest, int *ret_fd, struct error **err)
{
	const struct part *part = store_find_part(store, digest);
	AUTO_FREE char *path = part ? xstrdup(part->path) : blob_path(digest);

	return folder_find_file(store, path, ret_fd, err);
}

static int
size_of(const struct store *store, int fd, const struct digest *digest, uint64_t *ret_size_bytes,
	struct error **err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return folder_fail(store, errno, "stat", digest_text(digest).text, err);
	*ret_size_bytes = (uint64_t)status.st_size;
	return 0;
}

int
blob_find(const struct store *store, const struct digest *digest, uint64_t size_bytes, int *ret_fd,
	  struct error **err)
{
	AUTO_CLOSE int fd = -1;
	uint64_t actual_bytes = 0;

	*ret_fd = -1;
	if (find_any(store, digest, &fd, err) < 0)
		return -1;
	if (fd >= 0 && size_of(store, fd, digest, &actual_bytes, err) < 0)
		return -1;
	if (fd >= 0 && actual_bytes == size_bytes)
		*ret_fd = TAKE_FD(fd);
	return 0;
}

bool
store_has(struct store *store, const struct digest *digest, uint64_t size_bytes)
{
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int fd = -1;

	if (store->is_writable && store_hold_blobs(store, &err) < 0)
		return false;
	return blob_find(store, digest, size_bytes, &fd, &err) == 0 && fd >= 0;
}

int
store_open_blob(struct store *store, const struct digest *digest, uint64_t *ret_size_bytes,
		struct error **err)
{
	AUTO_CLOSE int fd = -1;

	if (find_any(store, digest, &fd, err) < 0)
		return -1;
	if (fd < 0) {
		error_set(err, ERROR_CONTENT, "'%s' is not in '%s'", digest_text(digest).text,
			  QUOTED(store->path));
		return error_set_class(err, CLASS_MISSING);
	}
	if (size_of(store, fd, digest, ret_size_bytes, err) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* *ret_fd -1: not found.  *ret_matches: the content has this digest. */
static int
read_any(const struct store *store, const struct digest *digest, struct buf *buf, int *ret_fd,
	 bool *ret_matches, struct error **err)
{
	AUTO_CLOSE int fd = -1;
	struct digest actual;

	buf_clear(buf);
	if (find_any(store, digest, &fd, err) < 0)
		return -1;
	if (fd >= 0 && fd_read_all(fd, buf, digest_text(digest).text, err) < 0)
		return -1;
	actual = digest_of(digest->algorithm, buf->data ? buf->data : "", buf->size);
	*ret_matches = digest_equal(&actual, digest);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int
refuse(const struct store *store, const struct digest *digest, struct error **err)
{
	AUTO_FREE char *path = blob_path(digest);

	error_set(err, ERROR_CONTENT, "'%s/%s' does not match its digest", QUOTED(store->path),
		  path);
	return error_set_class(err, CLASS_DIGEST);
}

int
blob_read(const struct store *store, const struct digest *digest, struct buf *buf, bool *ret_found,
	  struct error **err)
{
	AUTO_CLOSE int fd = -1;
	bool matches = false;

	if (read_any(store, digest, buf, &fd, &matches, err) < 0)
		return -1;
	if (fd >= 0 && !matches)
		return refuse(store, digest, err);
	*ret_found = fd >= 0;
	return 0;
}

int
store_read(struct store *store, const struct digest *digest, struct buf *buf, bool *ret_found,
	   struct error **err)
{
	AUTO_CLOSE int fd = -1;
	bool matches = false;

	if (store->is_writable && store_hold_blobs(store, err) < 0)
		return -1;
	if (read_any(store, digest, buf, &fd, &matches, err) < 0)
		return -1;
	if (fd >= 0 && !matches) {
		AUTO_FREE char *path = NULL;
		AUTO_ERROR struct error *ignored = NULL;

		buf_clear(buf);
		/* ERROR_CONTENT, class "digest"; in a writable store the blob is moved to
		 * quarantine. */
		path = blob_path(digest);
		refuse(store, digest, err);
		if (!store->is_writable || store_quarantine(store, path, fd, &ignored) < 0)
			return -1;
		return error_set_hint(err,
				      "it was moved to '%s'; repeat the command to fetch it again",
				      STORE_QUARANTINE);
	}
	*ret_found = fd >= 0;
	return 0;
}

static bool
is_same_file(int a_fd, int b_fd)
{
	struct stat a;
	struct stat b;

	return fstat(a_fd, &a) == 0 && fstat(b_fd, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* "blobs/sha256/ab.." becomes one name. */
static char *
target_path(const char *path)
{
	char *target = xasprintf("%s/%s", STORE_QUARANTINE, path);

	for (char *c = target + sizeof(STORE_QUARANTINE); *c; c++)
		if (*c == '/')
			*c = '-';
	return target;
}

int
store_quarantine(struct store *store, const char *path, int fd, struct error **err)
{
	AUTO_CLOSE int named_fd = -1;
	AUTO_FREE char *target = NULL;
	AUTO_FREE char *other = NULL;
	AUTO_FREE char *hex = NULL;
	AUTO_ERROR struct error *taken = NULL;

	if (fd >= 0 && folder_find_file(store, path, &named_fd, err) < 0)
		return -1;
	if (fd >= 0 && (named_fd < 0 || !is_same_file(fd, named_fd)))
		return 0;
	/* A folder of that name in quarantine cannot be replaced; then use a random name. */
	target = target_path(path);
	if (folder_move(store, path, target, &taken) == 0)
		return 0;
	hex = random_hex(8, err);
	if (!hex)
		return -1;
	other = xasprintf("%s.%s", target, hex);
	return folder_move(store, path, other, err);
}

/* Each part holds a descriptor until the commit; images have fewer layers than this. */
static const size_t parts_most = 128;

/* `ending` NULL: the name that other processes use too. */
static char *
part_name(const struct digest *digest, const char *ending)
{
	return xasprintf("%s-%s.%s%spart", digest_algorithm_name(digest->algorithm),
			 digest_hex(digest).text, ending ? ending : "", ending ? "." : "");
}

/* A finished part has a blob's mode.  A part left behind in that state is made writable again. */
static int
make_writable(const struct store *store, int folder_fd, const char *name)
{
	AUTO_CLOSE int fd =
		openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return fd < 0 ? -1 : fchmod(fd, store_file_mode(store));
}

static int
open_file(const struct store *store, int folder_fd, const char *name, int flags)
{
	int fd;

	flags |= O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	fd = openat(folder_fd, name, flags, store_file_mode(store));
	if (fd < 0 && errno == EACCES && make_writable(store, folder_fd, name) == 0)
		fd = openat(folder_fd, name, flags, store_file_mode(store));
	return fd;
}

/* 0 or an errno; EWOULDBLOCK: locked by another process; ENOENT: renamed or removed meanwhile. */
static int
try_open(const struct store *store, int folder_fd, const char *name, int flags, int *ret_fd)
{
	AUTO_CLOSE int fd = open_file(store, folder_fd, name, flags);
	struct stat status;
	int errnum;

	if (fd < 0)
		return errno;
	errnum = lock_fd_try(fd, LOCK_EXCLUSIVE);
	if (errnum)
		return errnum;
	if (!lock_is_named(folder_fd, name, fd))
		return ENOENT;
	if (fstat(fd, &status) < 0)
		return errno;
	if (!S_ISREG(status.st_mode))
		return EINVAL;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Without free descriptors, commit the finished parts, which closes theirs. */
static int
open_with_room(struct store *store, int folder_fd, const char *name, int flags, int *ret_fd,
	       struct error **err)
{
	int errnum = try_open(store, folder_fd, name, flags, ret_fd);

	if (errnum == EMFILE && store->part_count > 0) {
		if (store_commit(store, err) < 0)
			return -1;
		errnum = try_open(store, folder_fd, name, flags, ret_fd);
	}
	return errnum;
}

static int
open_named(struct store *store, const char *name, int flags, struct part *ret_part,
	   struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", STORE_INGEST, name);
	int fd = -1;
	int errnum;

	do {
		AUTO_CLOSE int folder_fd = folder_make(store, STORE_INGEST, err);

		if (folder_fd < 0)
			return -1;
		errnum = open_with_room(store, folder_fd, name, flags, &fd, err);
	} while (errnum == ENOENT);
	if (errnum < 0)
		return -1;
	if (errnum && errnum != EWOULDBLOCK)
		return folder_fail(store, errnum, "write", path, err);
	ret_part->fd = fd;
	ret_part->path = TAKE_PTR(path);
	return 0;
}

int
part_open(struct store *store, const struct digest *digest, struct part *ret_part,
	  struct error **err)
{
	AUTO_FREE char *name = part_name(digest, NULL);

	return open_named(store, name, 0, ret_part, err);
}

int
part_create(struct store *store, const struct digest *digest, struct part *ret_part,
	    struct error **err)
{
	AUTO_FREE char *ending = random_hex(8, err);
	AUTO_FREE char *name = NULL;

	if (!ending)
		return -1;
	name = part_name(digest, ending);
	if (open_named(store, name, O_EXCL, ret_part, err) < 0)
		return -1;
	if (ret_part->fd >= 0)
		return 0;
	folder_fail(store, EWOULDBLOCK, "lock", ret_part->path, err);
	free(TAKE_PTR(ret_part->path));
	return -1;
}

void
part_leave(const struct store *store, const char *path, int fd)
{
	AUTO_ERROR struct error *ignored = NULL;
	struct stat status;

	if (fstat(fd, &status) == 0 && status.st_size == 0)
		(void)folder_remove_file(store, path, &ignored);
	(void)close(fd);
}

void
part_drop(const struct store *store, struct part *part)
{
	AUTO_ERROR struct error *ignored = NULL;

	(void)folder_remove_file(store, part->path, &ignored);
	(void)close(part->fd);
	free(part->path);
	*part = (struct part){ .fd = -1 };
}

int
store_take_part(struct store *store, struct part *part, struct error **err)
{
	/* A blob's mode; outside the user's own store the umask has set it. */
	if (store->is_own)
		(void)fchmod(part->fd, 0400);
	store->parts = xgrow(store->parts, store->part_count, sizeof(*store->parts));
	store->parts[store->part_count++] = *part;
	part->fd = -1;
	part->path = NULL;
	return store->part_count >= parts_most ? store_commit(store, err) : 0;
}

void
store_drop_parts(struct store *store)
{
	for (size_t i = 0; i < store->part_count; i++) {
		close_at(&store->parts[i].fd);
		free(store->parts[i].path);
	}
	store->part_count = 0;
}

static int
sync_file(int fd)
{
	int ret;

	do
		ret = fd_sync(fd);
	while (ret < 0 && errno == EINTR);
	return ret;
}

/* For many files, one syncfs() is cheaper than an fsync() each, although it waits for all dirty
 * data of that file system: seconds on a machine that builds. */
static int
sync_parts(const struct store *store, struct error **err)
{
#ifdef HAVE_SYNCFS
	while (store->part_count > SYNC_EACH_LIMIT_COUNT) {
		if (fd_sync_all(store->fd) == 0)
			return 0;
		if (errno == ENOSYS)
			break;
		if (errno != EINTR)
			return folder_fail(store, errno, "sync", ".", err);
	}
#endif
	for (size_t i = 0; i < store->part_count; i++)
		if (sync_file(store->parts[i].fd) < 0)
			return folder_fail(store, errno, "sync", store->parts[i].path, err);
	return 0;
}

/* After a failed sync the kernel may treat pages as clean that never reached the disk, so the files
 * cannot be trusted. */
void
store_discard_parts(struct store *store)
{
	for (size_t i = 0; i < store->part_count; i++) {
		AUTO_ERROR struct error *ignored = NULL;

		(void)folder_remove_file(store, store->parts[i].path, &ignored);
	}
	store_drop_parts(store);
}

void
store_forget(struct store *store, const struct digest *digest)
{
	for (size_t i = 0; i < store->part_count; i++) {
		if (!digest_equal(&store->parts[i].digest, digest))
			continue;
		part_drop(store, &store->parts[i]);
		store->parts[i] = store->parts[--store->part_count];
		return;
	}
}

/* Replaces any file of that name, because ours has just been checked. */
static int
publish(const struct store *store, struct error **err)
{
	for (size_t i = 0; i < store->part_count; i++) {
		AUTO_FREE char *path = blob_path(&store->parts[i].digest);

		if (folder_move(store, store->parts[i].path, path, err) < 0)
			return -1;
	}
	return 0;
}

static int
sync_folder(const struct store *store, const char *path, struct error **err)
{
	AUTO_CLOSE int fd = -1;

	if (folder_find(store, path, &fd, err) < 0)
		return -1;
	/* EINVAL: a file system whose directories cannot be synced. */
	if (fd >= 0 && sync_file(fd) < 0 && errno != EINVAL)
		return folder_fail(store, errno, "sync directory", path, err);
	return 0;
}

static int
sync_folders(const struct store *store, struct error **err)
{
	bool used[DIGEST_SHA512 + 1] = { false };

	for (size_t i = 0; i < store->part_count; i++)
		used[store->parts[i].digest.algorithm] = true;
	for (int i = DIGEST_SHA256; i <= DIGEST_SHA512; i++) {
		AUTO_FREE char *path = blob_folder((enum digest_algorithm)i);

		if (used[i] && sync_folder(store, path, err) < 0)
			return -1;
	}
	return sync_folder(store, "blobs", err);
}

int
store_commit(struct store *store, struct error **err)
{
	int ret = 0;

	if (store->part_count == 0)
		return 0;
	if (sync_parts(store, err) < 0) {
		store_discard_parts(store);
		ret = -1;
	} else if (publish(store, err) < 0 || sync_folders(store, err) < 0) {
		ret = -1;
	}
	store_drop_parts(store);
	return ret;
}

/* Uses a random part name, so as not to wait for another process that downloads the same blob. */
int
store_add(struct store *store, const struct digest *digest, const void *bytes, size_t size,
	  struct error **err)
{
	struct part part = { .digest = *digest, .size_bytes = size, .fd = -1 };
	struct digest actual = digest_of(digest->algorithm, bytes, size);

	if (!digest_equal(&actual, digest)) {
		error_set(err, ERROR_CONTENT, "content does not match its digest '%s'",
			  digest_text(digest).text);
		return error_set_class(err, CLASS_DIGEST);
	}
	/* In a read-only store this is a success if the blob exists. */
	if (store_has(store, digest, size))
		return 0;
	if (store_hold_blobs(store, err) < 0 || part_create(store, digest, &part, err) < 0)
		return -1;
	if (fd_pwrite_all(part.fd, bytes, size, 0, part.path, err) < 0) {
		part_drop(store, &part);
		return store_wrap(store, err);
	}
	file_start_writing(part.fd, 0, 0);
	return store_take_part(store, &part, err);
}
