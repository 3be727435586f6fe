/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#ifdef HAVE_SYS_VFS_H
#include <sys/vfs.h>
#endif

#include "base/buf.h"
#include "base/compat.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/workers.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "store/folder.h"
#include "store/layout.h"
#include "store/lock.h"
#include "store/state.h"

char *
store_own_path(const char *path_or_null, struct error **err)
{
	const char *chosen = path_or_null ? path_or_null : environment_find("OCIFP_STORE");
	const char *data = environment_find("XDG_DATA_HOME");
	const char *home = environment_find("HOME");

	if (chosen)
		return xstrdup(chosen);
	/* XDG Base Directory Specification: relative paths are invalid and ignored. */
	if (data && data[0] == '/')
		return xasprintf("%s/ocifp", data);
	if (home && home[0] == '/')
		return xasprintf("%s/.local/share/ocifp", home);
	error_set(err, ERROR_USAGE, "cannot find the store: HOME is %s",
		  home ? "not an absolute path" : "not set");
	error_set_hint(err, "set OCIFP_STORE");
	return NULL;
}

/* A symbolic link that another user made, for example in /tmp, must not determine the store. */
static int
own_check_link(const struct store *store, struct error **err)
{
	struct stat status;

	if (lstat(store->path, &status) < 0 || !S_ISLNK(status.st_mode))
		return 0;
	if (status.st_uid == geteuid() || status.st_uid == 0)
		return 0;
	error_set(err, ERROR_LOCAL, "'%s' is a symbolic link made by another user",
		  QUOTED(store->path));
	return error_set_hint(err, "set OCIFP_STORE to use another store");
}

static int
refuse_owner(const struct store *store, const char *why, const char *hint, struct error **err)
{
	error_set(err, ERROR_USAGE, "'%s' %s", QUOTED(store->path), why);
	return error_set_hint(err, "%s", hint);
}

static int
own_check_owner(const struct store *store, struct error **err)
{
	struct stat status;

	if (fstat(store->fd, &status) < 0)
		return folder_fail(store, errno, "stat", ".", err);
	if (status.st_uid != geteuid())
		return refuse_owner(store, "belongs to another user",
				    "set OCIFP_STORE to use another store", err);
	if (status.st_mode & (S_IWGRP | S_IWOTH))
		return refuse_owner(store, "is writable by other users", "run 'chmod go-w' on it",
				    err);
	return 0;
}

#ifdef HAVE_SYS_VFS_H
/* Network file systems by statfs(2): neither their locks nor the visibility of renames between
 * hosts can be relied on. */
static bool
is_on_network(int fd)
{
	static const uint32_t network_types[] = {
		0x00006969, /* NFS */
		0x0000517b, /* SMB */
		0xfe534d42, /* SMB 2 */
		0xff534d42, /* CIFS */
		0x5346414f, /* AFS */
		0x73757245, /* Coda */
		0x00c36400, /* Ceph */
		0x0bd00bd0, /* Lustre */
		0x47504653, /* GPFS */
	};
	struct statfs status;

	if (fstatfs(fd, &status) < 0)
		return false;
	for (size_t i = 0; i < COUNT_OF(network_types); i++)
		if ((uint32_t)status.f_type == network_types[i])
			return true;
	return false;
}
#else
static bool
is_on_network(int fd)
{
	(void)fd;
	return false;
}
#endif

/* A store that is only read may be anywhere. */
static int
own_check_place(const struct store *store, struct error **err)
{
	if (!store->is_writable || !is_on_network(store->fd))
		return 0;
	error_set(err, ERROR_USAGE, "the store '%s' is on a network file system",
		  QUOTED(store->path));
	return error_set_hint(err, "use --store, OCIFP_STORE or 'store' in ocifp-config(5) to put "
				   "it on a local disk; read-only it may be there");
}

static const char layout_file[] = "oci-layout";
static const char layout_content[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
static const char version_content[] = "1\n";

static struct store *
store_new(const char *path, enum store_mode mode, const struct store_options *options)
{
	struct store *store = XNEW(struct store);

	store->path = xstrdup(path);
	store->fd = -1;
	store->gc_lock_fd = -1;
	store->for_reading = mode == STORE_READ;
	store->lock_timeout_ms = options ? options->lock_timeout_ms : 0;
	store->observer = options ? options->observer : NULL;
	return store;
}

static int
refuse(const struct store *store, const char *why, struct error **err)
{
	return error_set(err, ERROR_LOCAL, "'%s' %s", QUOTED(store->path), why);
}

static int
open_root(struct store *store, enum store_mode mode, mode_t new_mode, struct error **err)
{
	store->is_new_folder = mode == STORE_CREATE && access(store->path, F_OK) < 0;
	if (mode == STORE_CREATE && dir_make(store->path, new_mode, err) < 0)
		return -1;
	store->fd = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->fd < 0 && errno == ENOENT) {
		refuse(store, "does not exist", err);
		return error_set_class(err, CLASS_MISSING);
	}
	if (store->fd < 0 && errno == ENOTDIR)
		return refuse(store, "is not a directory", err);
	if (store->fd < 0)
		return folder_fail(store, errno, "open", ".", err);
	store->is_writable =
		mode != STORE_READ && faccessat(store->fd, ".", W_OK | X_OK, AT_EACCESS) == 0;
	return 0;
}

/* The content of a small file; *ret_found false: it does not exist. */
static int
read_small(const struct store *store, const char *path, struct buf *buf, bool *ret_found,
	   struct error **err)
{
	AUTO_CLOSE int fd = -1;

	if (folder_find_file(store, path, &fd, err) < 0)
		return -1;
	*ret_found = fd >= 0;
	return fd < 0 ? 0 : fd_read_all(fd, buf, path, err);
}

static int
check_empty(const struct store *store, struct error **err)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (folder_list(store, ".", &names, err) < 0)
		return -1;
	/* True for the files of an interrupted creation. */
	for (size_t i = 0; i < names.count; i++)
		if (strcmp(names.items[i], "blobs") != 0 &&
		    strcmp(names.items[i], STORE_FOLDER) != 0 &&
		    !(text_starts(names.items[i], ".") && text_ends(names.items[i], ".tmp"))) {
			refuse(store, "contains files but is not an image layout", err);
			return error_set_hint(err, "choose an empty directory");
		}
	return 0;
}

static bool
has_layout_file(const struct store *store)
{
	return faccessat(store->fd, layout_file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* *ret_made: another process has just created the layout. */
static int
check_empty_or_made(const struct store *store, bool *ret_made, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;

	*ret_made = false;
	if (check_empty(store, &failure) == 0)
		return 0;
	*ret_made = has_layout_file(store);
	if (*ret_made)
		return 0;
	return error_pass(err, TAKE_PTR(failure));
}

static int
write_small(const struct store *store, const char *folder, const char *name, const char *content,
	    struct error **err)
{
	AUTO_CLOSE int folder_fd = folder_make(store, folder, err);

	if (folder_fd < 0)
		return -1;
	return file_replace(folder_fd, name, store_file_mode(store), content, strlen(content), err);
}

static int
find_layout(struct store *store, enum store_mode mode, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(MANIFEST_LIMIT_BYTES);
	bool found = false;
	AUTO_ERROR struct error *failure = NULL;
	AUTO_CLOSE int blobs_fd = -1;
	bool made;

	if (read_small(store, layout_file, &buf, &found, err) < 0)
		return -1;
	if (found) {
		AUTO_JSON json_t *json = document_parse(buf.data, buf.size, err);
		const char *version;

		if (!json)
			return error_wrap(err, "cannot read '%s/%s'", QUOTED(store->path),
					  layout_file);
		version = json_string_value(json_object_get(json, "imageLayoutVersion"));
		if (!version || !text_starts(version, "1."))
			return refuse(store, "is not an image layout of version 1", err);
		return 0;
	}
	if (mode != STORE_CREATE)
		return refuse(store, "is not an image layout: it has no file 'oci-layout'", err);
	if (check_empty_or_made(store, &made, err) < 0)
		return -1;
	if (made)
		return 0;
	blobs_fd = folder_make(store, "blobs/sha256", err);
	if (blobs_fd < 0)
		return -1;
	store->is_new = true;
	if (write_small(store, ".", layout_file, layout_content, &failure) == 0)
		return 0;
	/* Another process created the layout, and its gc removed our temporary file. */
	if (has_layout_file(store))
		return 0;
	return error_pass(err, TAKE_PTR(failure));
}

static int
find_version(struct store *store, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(KIB);
	bool found = false;

	if (read_small(store, STORE_VERSION, &buf, &found, err) < 0)
		return -1;
	if (found && (!buf.data || strcmp(buf.data, version_content) != 0)) {
		error_set(err, ERROR_USAGE, "'%s' was written by a newer ocifp",
			  QUOTED(store->path));
		return error_set_hint(err,
				      "use that version, or set OCIFP_STORE to use another store");
	}
	store->is_own = found;
	store->is_foreign = !found;
	return 0;
}

static int
open_layout(struct store *store, enum store_mode mode, struct error **err)
{
	if (find_layout(store, mode, err) < 0)
		return -1;
	return mode == STORE_CREATE && store->is_writable ? layout_make_index(store, err) : 0;
}

struct store *
store_open(const char *path, enum store_mode mode, const struct store_options *options,
	   struct error **err)
{
	AUTO_STORE struct store *store = store_new(path, mode, options);

	if (open_root(store, mode, 0777, err) < 0 || find_version(store, err) < 0 ||
	    open_layout(store, mode, err) < 0)
		return NULL;
	return TAKE_PTR(store);
}

/* Writes the version file, the first file of a new store of ours.  If a layout exists by now, the
 * version is read again: another process may have written it.  A layout of another tool is used
 * unchanged. */
static int
claim(struct store *store, struct error **err)
{
	bool made = has_layout_file(store);

	if (store->is_own || !store->is_writable)
		return 0;
	if (!made && check_empty_or_made(store, &made, err) < 0)
		return -1;
	if (made)
		return find_version(store, err);
	store->is_own = true;
	store->is_foreign = false;
	return write_small(store, STORE_FOLDER, "version", version_content, err);
}

static int
open_own(struct store *store, struct error **err)
{
	if (own_check_link(store, err) < 0 || open_root(store, STORE_CREATE, 0700, err) < 0 ||
	    own_check_owner(store, err) < 0 || own_check_place(store, err) < 0 ||
	    find_version(store, err) < 0 || claim(store, err) < 0 ||
	    open_layout(store, STORE_CREATE, err) < 0)
		return -1;
	store_keep_spare(store);
	return 0;
}

struct store *
store_open_own(const char *path_or_null, const struct store_options *options, struct error **err)
{
	AUTO_FREE char *path = store_own_path(path_or_null, err);
	AUTO_STORE struct store *store = NULL;

	if (!path)
		return NULL;
	store = store_new(path, STORE_CREATE, options);
	if (open_own(store, err) < 0) {
		if (error_is(*err, ERROR_LOCAL))
			error_set_hint(err, "set OCIFP_STORE to use another store");
		return NULL;
	}
	return TAKE_PTR(store);
}

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
		return error_set(err, ERROR_LOCAL,
				 "cannot write to '%s': it was opened for reading",
				 QUOTED(store->path));
	error_set(err, ERROR_LOCAL,
		  "cannot write to '%s': permission denied or read-only file system",
		  QUOTED(store->path));
	return error_set_hint(err, "set OCIFP_STORE to use another store");
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
	/* A file system without a size (ramfs, tmpfs with size=0) reports no blocks. */
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

/* Enough for a new index.json and a few folders. */
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
	/* Reserve half as much more, so that it is not reallocated for each image. */
	if (fd >= 0 && posix_fallocate(fd, 0, wanted + wanted / 2) != 0)
		(void)unlinkat(store->fd, STORE_SPARE, 0);
}

void
store_remove_unused(struct store *store)
{
	store->removes_unused = true;
}

/* Removes a layout that was created for a blob or reference that was then not written. */
static void
unmake(const struct store *store)
{
	if (unlinkat(store->fd, "blobs/sha256", AT_REMOVEDIR) < 0 ||
	    unlinkat(store->fd, "blobs", AT_REMOVEDIR) < 0)
		return;
	(void)unlinkat(store->fd, "index.json", 0);
	(void)unlinkat(store->fd, "oci-layout", 0);
}

/* In a layout that is not the user's own store, removes .ocifp once it is empty.  The lock files
 * are removed while we hold both locks. */
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
