#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/workers.h"
#include "base/xalloc.h"
#include "store/folder.h"
#include "store/lock.h"
#include "store/state.h"

const char *
store_path(const struct store *store)
{
	return store->path;
}

bool
store_is_writable(const struct store *store)
{
	return store->is_writable;
}

mode_t
store_file_mode(const struct store *store)
{
	return store->is_own ? 0600 : 0666;
}

mode_t
store_folder_mode(const struct store *store)
{
	return store->is_own ? 0700 : 0777;
}

char *
store_full_path(const struct store *store, const char *path)
{
	return xasprintf("%s/%s", store->path, path);
}

int
store_wrap(const struct store *store, struct error **err)
{
	return error_wrap(err, "store '%s'", QUOTED(store->path));
}

int
store_check_writable(const struct store *store, struct error **err)
{
	if (store->is_writable)
		return 0;
	if (store->for_reading)
		return error_set(err, ERROR_LOCAL, "'%s' was opened for reading alone",
				 QUOTED(store->path));
	error_set(err, ERROR_LOCAL, "'%s' may not be written to", QUOTED(store->path));
	return error_set_hint(err, "choose another store with OCIFP_STORE");
}

int
store_hold_blobs(struct store *store, struct error **err)
{
	if (store->gc_lock_fd >= 0)
		return 0;
	if (store_check_writable(store, err) < 0)
		return -1;
	store->gc_lock_fd = lock_take(store, STORE_GC_LOCK, LOCK_SHARED, err);
	return store->gc_lock_fd < 0 ? -1 : 0;
}

void
store_release_blobs(struct store *store)
{
	close_at(&store->gc_lock_fd);
	store->gc_lock_fd = -1;
}

int
store_space_check(const struct store *store, uint64_t size_bytes, struct error **err)
{
	AUTO_FREE char *wanted = NULL;
	AUTO_FREE char *free_text = NULL;
	struct statvfs status;
	uint64_t free_bytes;

	if (fstatvfs(store->fd, &status) < 0)
		return folder_fail(store, errno, "ask for the free space of", ".", err);
	/* One without a size, as ramfs or a tmpfs of size=0, does not know. */
	if (status.f_blocks == 0 ||
	    __builtin_mul_overflow((uint64_t)status.f_bavail, (uint64_t)status.f_frsize,
				   &free_bytes) ||
	    size_bytes <= free_bytes)
		return 0;
	wanted = text_bytes(size_bytes);
	free_text = text_bytes(free_bytes);
	return error_set_errno(err, ENOSPC, "'%s' has room for %s, not for %s", QUOTED(store->path),
			       free_text, wanted);
}

void
store_free_spare(const struct store *store)
{
	if (store->is_own && store->is_writable)
		(void)unlinkat(store->fd, STORE_SPARE, 0);
}

/* For an index.json that replaces the present one, and for a folder or two. */
void
store_keep_spare(const struct store *store)
{
	AUTO_CLOSE int fd = -1;
	struct stat status;
	off_t wanted = SPARE_BYTES;

	if (!store->is_own || !store->is_writable)
		return;
	if (fstatat(store->fd, "index.json", &status, AT_SYMLINK_NOFOLLOW) == 0)
		wanted += status.st_size;
	if (fstatat(store->fd, STORE_SPARE, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    status.st_size >= wanted)
		return;
	fd = openat(store->fd, STORE_SPARE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	/* Half as much again, or it would grow with every image. */
	if (fd >= 0 && posix_fallocate(fd, 0, wanted + wanted / 2) != 0)
		(void)unlinkat(store->fd, STORE_SPARE, 0);
}

void
store_remove_unused(struct store *store)
{
	store->removes_unused = true;
}

/* What was made for a blob or a name that then did not come. */
static void
unmake(const struct store *store)
{
	if (unlinkat(store->fd, "blobs/sha256", AT_REMOVEDIR) < 0 ||
	    unlinkat(store->fd, "blobs", AT_REMOVEDIR) < 0)
		return;
	(void)unlinkat(store->fd, "index.json", 0);
	(void)unlinkat(store->fd, "oci-layout", 0);
}

/* The layouts of others are left as other tools know them: our folder goes once it is empty.  Its
 * lock files go with it while nobody else can hold them. */
static void
tidy(const struct store *store)
{
	AUTO_CLOSE int gc_lock_fd = lock_try(store, STORE_GC_LOCK, LOCK_EXCLUSIVE);
	AUTO_CLOSE int index_lock_fd = -1;
	AUTO_CLOSE int folder_fd = -1;

	if (gc_lock_fd < 0)
		return;
	index_lock_fd = lock_try(store, STORE_INDEX_LOCK, LOCK_EXCLUSIVE);
	folder_fd = folder_try(store, STORE_FOLDER);
	if (index_lock_fd < 0 || folder_fd < 0)
		return;
	if (unlinkat(folder_fd, "ingest", AT_REMOVEDIR) < 0 && errno != ENOENT)
		return;
	(void)unlinkat(folder_fd, "quarantine", AT_REMOVEDIR);
	if (store->is_new && store->removes_unused)
		unmake(store);
	(void)unlinkat(folder_fd, STORE_INDEX_LOCK, 0);
	(void)unlinkat(folder_fd, STORE_GC_LOCK, 0);
	(void)unlinkat(store->fd, STORE_FOLDER, AT_REMOVEDIR);
	if (store->is_new_folder && store->removes_unused)
		(void)rmdir(store->path);
}

struct workers *
store_hashers(struct store *store)
{
	AUTO_ERROR struct error *refused = NULL;

	if (!store->hashers)
		store->hashers = workers_new(workers_count(HASH_THREADS_LIMIT_COUNT), &refused);
	return store->hashers;
}

void
store_end_ingest(struct store *store)
{
	if (--store->ingest_count > 0)
		return;
	workers_free(store->hashers);
	store->hashers = NULL;
}

void
store_free(struct store *store)
{
	if (!store)
		return;
	store_drop_parts(store);
	store_release_blobs(store);
	if (store->is_writable && store->is_foreign)
		tidy(store);
	close_at(&store->fd);
	free(store->parts);
	free(store->path);
	free(store);
}
