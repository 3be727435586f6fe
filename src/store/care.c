/* SPDX-License-Identifier: Apache-2.0 */
#include "store/care.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/descriptor.h"
#include "oci/digest.h"
#include "oci/digest_set.h"
#include "oci/document.h"
#include "store/folder.h"
#include "store/layout.h"
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

struct check {
	struct store *store;
	bool repair;
	struct fsck_result result;
};

static void
note(struct strings *lines, const char *path, const char *what)
{
	strings_take(lines, xasprintf("%s: %s", QUOTED(path), what));
}

static int
report(struct check *check, const char *path, const char *what, struct error **err)
{
	note(&check->result.problems, path, what);
	if (!check->repair)
		return 0;
	if (store_quarantine(check->store, path, -1, err) < 0)
		return -1;
	note(&check->result.repaired, path, "moved to " STORE_QUARANTINE);
	return 0;
}

static int
hash_file(struct check *check, int fd, enum digest_algorithm algorithm, struct digest *ret_digest,
	  struct error **err)
{
	AUTO_HASHER struct hasher *hasher = hasher_new(algorithm);
	AUTO_FREE char *bytes = xcalloc(1, TRANSFER_BUFFER_BYTES);
	ssize_t got;

	while ((got = read(fd, bytes, TRANSFER_BUFFER_BYTES)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, errno, "cannot read it");
		hasher_add(hasher, bytes, (size_t)got);
		check->result.checked_bytes += (uint64_t)got;
	}
	*ret_digest = hasher_finish(hasher);
	return 0;
}

static int
check_file(struct check *check, enum digest_algorithm algorithm, const char *folder,
	   const char *name, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, name);
	AUTO_ERROR struct error *failure = NULL;
	AUTO_CLOSE int fd = -1;
	struct digest digest;
	struct digest actual;
	struct stat status;

	check->result.checked_count++;
	if (!blob_parse_name(algorithm, name, &digest))
		return report(check, path, "its name is not a digest", err);
	if (folder_find_file(check->store, path, &fd, &failure) < 0)
		return report(check, path, "not a regular file", err);
	if (fd < 0)
		return 0;
	if (hash_file(check, fd, algorithm, &actual, &failure) < 0)
		return report(check, path, error_text(failure), err);
	if (!digest_equal(&actual, &digest))
		return report(check, path, "content does not match", err);
	/* A file that other users can write may change after this check. */
	if (!check->store->is_own || fstat(fd, &status) < 0 ||
	    !(status.st_mode & (S_IWGRP | S_IWOTH)))
		return 0;
	note(&check->result.problems, path, "other users can write it");
	if (!check->repair)
		return 0;
	if (fchmod(fd, 0400) < 0)
		return folder_fail(check->store, errno, "change the mode of", path, err);
	note(&check->result.repaired, path, "mode set to 0400");
	return 0;
}

static int
check_blobs(struct check *check, enum digest_algorithm algorithm, struct error **err)
{
	AUTO_FREE char *folder = blob_folder(algorithm);
	AUTO_STRINGS struct strings names = { 0 };

	if (folder_list(check->store, folder, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (check_file(check, algorithm, folder, names.items[i], err) < 0)
			return -1;
	return 0;
}

static const char index_file[] = "index.json";

/* NULL: the entry is correct. */
static char *
find_fault(const struct store *store, const json_t *entry)
{
	AUTO_DESCRIPTOR struct descriptor descriptor = { 0 };
	AUTO_ERROR struct error *err = NULL;
	AUTO_CLOSE int fd = -1;

	/* An entry of another tool with an unsupported digest cannot be checked, and is not a
	 * fault. */
	if (descriptor_parse(entry, &descriptor, &err) < 0)
		return error_is(err, ERROR_CONTENT) ? xstrdup(error_text(err)) : NULL;
	if (blob_find(store, &descriptor.digest, descriptor.size_bytes, &fd, &err) == 0 && fd >= 0)
		return NULL;
	return xasprintf("'%s' is missing", digest_text(&descriptor.digest).text);
}

static bool
entry_is_faulty(struct check *check, const json_t *entry, size_t number)
{
	AUTO_FREE char *fault = find_fault(check->store, entry);
	const char *name = layout_entry_name(entry);
	AUTO_FREE char *shown = NULL;
	AUTO_FREE char *what = NULL;

	if (!fault)
		return false;
	shown = name ? text_quote_string(name) : xasprintf("manifests[%zu]", number);
	what = xasprintf("%s: %s", shown, fault);
	note(&check->result.problems, index_file, what);
	if (check->repair) {
		AUTO_FREE char *done = xasprintf("reference removed: %s", shown);

		note(&check->result.repaired, index_file, done);
	}
	return true;
}

/* True: the index was changed. */
static bool
check_entries(struct check *check, json_t *index)
{
	json_t *entries = json_object_get(index, "manifests");
	bool changed = false;
	size_t number = 0;

	for (size_t i = 0; i < json_array_size(entries); number++) {
		bool faulty = entry_is_faulty(check, json_array_get(entries, i), number);

		if (faulty && check->repair && json_array_remove(entries, i) == 0)
			changed = true;
		else
			i++;
	}
	return changed;
}

static int
check_index(struct check *check, struct error **err)
{
	AUTO_CLOSE int lock_fd = -1;
	AUTO_ERROR struct error *failure = NULL;
	AUTO_JSON json_t *index = NULL;

	if (check->repair) {
		lock_fd = lock_take(check->store, STORE_INDEX_LOCK, LOCK_EXCLUSIVE, err);
		if (lock_fd < 0)
			return -1;
	}
	index = layout_read_index(check->store, &failure);
	if (!index)
		return report(check, index_file, error_text(failure), err);
	if (check_entries(check, index))
		return layout_write_index(check->store, index, lock_fd, err);
	return 0;
}

int
store_fsck(struct store *store, bool repair, struct fsck_result *ret_result, struct error **err)
{
	struct check check = { .store = store, .repair = repair };
	AUTO_STRINGS struct strings unfinished = { 0 };
	AUTO_DIGEST_SET struct digest_set reachable = { 0 };
	AUTO_ERROR struct error *failure = NULL;

	if (repair && store_check_writable(store, err) < 0)
		return -1;
	/* Keep gc from removing a blob between its reference and its check. */
	if (store->is_writable && store_hold_blobs(store, err) < 0)
		return -1;
	if (check_blobs(&check, DIGEST_SHA256, err) < 0 ||
	    check_blobs(&check, DIGEST_SHA512, err) < 0 || check_index(&check, err) < 0 ||
	    folder_list(store, STORE_INGEST, &unfinished, err) < 0) {
		fsck_result_release(&check.result);
		return -1;
	}
	/* check_blobs() has already reported damaged documents. */
	if (reachable_mark(store, &reachable, &check.result.incomplete, &failure) < 0 &&
	    check.result.problems.count == 0)
		note(&check.result.problems, index_file, error_text(failure));
	check.result.unfinished_count = unfinished.count;
	*ret_result = check.result;
	return 0;
}

void
fsck_result_release(struct fsck_result *result)
{
	strings_release(&result->problems);
	strings_release(&result->repaired);
	strings_release(&result->incomplete);
}
