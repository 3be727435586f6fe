#include "store/store.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "store/folder.h"
#include "store/state.h"

static int
sync_file(int fd)
{
	int ret;

	do
		ret = fsync(fd);
	while (ret < 0 && errno == EINTR);
	return ret;
}

static int
sync_each(const struct store *store, struct error **err)
{
	for (size_t i = 0; i < store->part_count; i++)
		file_start_writing(store->parts[i].fd, 0, 0);
	for (size_t i = 0; i < store->part_count; i++)
		if (sync_file(store->parts[i].fd) < 0)
			return folder_fail(store, errno, "sync", store->parts[i].path, err);
	return 0;
}

/* One syncfs() is cheaper than an fsync() a file, but it waits for all that others have written
 * there: seconds, on a machine that builds.  It pays for the many files alone. */
static int
sync_parts(const struct store *store, struct error **err)
{
#ifdef HAVE_SYNCFS
	while (store->part_count > SYNC_EACH_LIMIT_COUNT) {
		if (syncfs(store->fd) == 0)
			return 0;
		if (errno == ENOSYS)
			break;
		if (errno != EINTR)
			return folder_fail(store, errno, "sync", ".", err);
	}
#endif
	return sync_each(store, err);
}

/* After a failed sync the kernel may hold pages that look clean and never reached the disk: what
 * was to be synced cannot be trusted any more. */
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

/* Over whatever has that name: ours was checked just now. */
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
sync_folder(const struct store *store, enum digest_algorithm algorithm, struct error **err)
{
	AUTO_FREE char *path = blob_folder(algorithm);
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
	for (int i = DIGEST_SHA256; i <= DIGEST_SHA512; i++)
		if (used[i] && sync_folder(store, (enum digest_algorithm)i, err) < 0)
			return -1;
	return 0;
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
