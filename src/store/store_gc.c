/* SPDX-License-Identifier: Apache-2.0 */
#include "store/care.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/digest_set.h"
#include "store/folder.h"
#include "store/lock.h"
#include "store/reachable.h"
#include "store/state.h"
#include "store/store.h"

struct sweep {
	struct store *store;
	const struct digest_set *reachable;
	bool dry_run;
	struct gc_result result;
};

static uint64_t
size_at(int folder_fd, const char *name)
{
	struct stat status;

	if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return (uint64_t)status.st_size;
}

static int
sweep_file(struct sweep *sweep, int folder_fd, const char *folder, const char *name,
	   struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, name);
	uint64_t size_bytes = size_at(folder_fd, name);

	if (!sweep->dry_run && folder_remove_file(sweep->store, path, err) < 0)
		return -1;
	sweep->result.removed_count++;
	sweep->result.removed_bytes += size_bytes;
	return 0;
}

static int
sweep_blob(struct sweep *sweep, int folder_fd, const char *folder, const char *name,
	   enum digest_algorithm algorithm, struct error **err)
{
	struct digest digest;

	/* Keep a file that is not a blob; fsck reports it. */
	if (!blob_parse_name(algorithm, name, &digest))
		return 0;
	if (!digest_set_has(sweep->reachable, &digest))
		return sweep_file(sweep, folder_fd, folder, name, err);
	sweep->result.kept_count++;
	sweep->result.kept_bytes += size_at(folder_fd, name);
	return 0;
}

static int
sweep_blobs(struct sweep *sweep, enum digest_algorithm algorithm, struct error **err)
{
	AUTO_FREE char *folder = blob_folder(algorithm);
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_CLOSE int folder_fd = -1;

	if (folder_find_names(sweep->store, folder, &folder_fd, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (sweep_blob(sweep, folder_fd, folder, names.items[i], algorithm, err) < 0)
			return -1;
	return 0;
}

/* A file that a process has locked is in use, whatever gc.lock says. */
static bool
is_held(int folder_fd, const char *name)
{
	AUTO_CLOSE int fd =
		openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return fd >= 0 && lock_fd_try(fd, LOCK_EXCLUSIVE) != 0;
}

/* Files that downloads and repairs left behind. */
static int
sweep_leftovers(struct sweep *sweep, const char *folder, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_CLOSE int folder_fd = -1;

	if (folder_find_names(sweep->store, folder, &folder_fd, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		/* A directory that a repair put aside is kept. */
		if (!is_held(folder_fd, names.items[i]) &&
		    !dir_exists_at(folder_fd, names.items[i]) &&
		    sweep_file(sweep, folder_fd, folder, names.items[i], err) < 0)
			return -1;
	return 0;
}

/* Temporary files of interrupted replacements of index.json; under index.lock none is in use. */
static int
sweep_temporaries(struct sweep *sweep, struct error **err)
{
	AUTO_CLOSE int lock_fd = lock_take(sweep->store, STORE_INDEX_LOCK, LOCK_EXCLUSIVE, err);
	AUTO_STRINGS struct strings names = { 0 };

	if (lock_fd < 0 || folder_list(sweep->store, ".", &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (text_starts(names.items[i], ".") && text_ends(names.items[i], ".tmp") &&
		    sweep_file(sweep, sweep->store->fd, ".", names.items[i], err) < 0)
			return -1;
	return 0;
}

int
store_gc(struct store *store, bool dry_run, struct gc_result *ret_result, struct error **err)
{
	AUTO_DIGEST_SET struct digest_set reachable = { 0 };
	struct sweep sweep = { .store = store, .reachable = &reachable, .dry_run = dry_run };
	AUTO_CLOSE int gc_lock_fd = -1;

	if (store_check_writable(store, err) < 0)
		return -1;
	if (store->ingest_count > 0 || store->part_count > 0)
		return error_set(err, ERROR_FAILURE,
				 "cannot collect garbage while blobs are added");
	store_release_blobs(store);
	gc_lock_fd = lock_take(store, STORE_GC_LOCK, LOCK_EXCLUSIVE, err);
	if (gc_lock_fd < 0 || reachable_mark(store, &reachable, NULL, err) < 0 ||
	    lock_check(store, STORE_GC_LOCK, gc_lock_fd, err) < 0)
		return -1;
	if (sweep_blobs(&sweep, DIGEST_SHA256, err) < 0 ||
	    sweep_blobs(&sweep, DIGEST_SHA512, err) < 0 ||
	    sweep_leftovers(&sweep, STORE_INGEST, err) < 0 ||
	    sweep_leftovers(&sweep, STORE_QUARANTINE, err) < 0 ||
	    sweep_temporaries(&sweep, err) < 0)
		return -1;
	*ret_result = sweep.result;
	return 0;
}
