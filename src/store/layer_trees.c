/* SPDX-License-Identifier: Apache-2.0 */
#include "store/layer_trees.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/digest_set.h"
#include "store/folder.h"
#include "store/lock.h"
#include "store/reachable.h"
#include "store/state.h"

char *
store_layer_path(const struct store *store, const char *name)
{
	return xasprintf("%s/%s/%s/fs", store->path, STORE_LAYERS, name);
}

static int
fail(const struct store *store, int errnum, const char *doing, const char *name, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", STORE_LAYERS, name);

	return folder_fail(store, errnum, doing, path, err);
}

/* *ret_fd -1: missing, or being removed. */
static int
open_ready(const struct store *store, int folder_fd, const char *name, int *ret_fd,
	   struct error **err)
{
	AUTO_CLOSE int fd = dir_open_at(folder_fd, name);

	if (fd < 0 && errno != ENOENT)
		return fail(store, errno, "open", name, err);
	if (fd >= 0 && lock_fd_try(fd, LOCK_SHARED) == 0 && lock_is_named(folder_fd, name, fd))
		*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The part of a killed process is put aside, not continued: its files may belong to other ids. */
static int
put_aside(const struct store *store, int folder_fd, const char *part, const char *name,
	  struct error **err)
{
	AUTO_FREE char *ending = random_hex(8, err);
	AUTO_FREE char *dead = ending ? xasprintf("%s.dead.%s", name, ending) : NULL;

	if (!dead)
		return -1;
	if (renameat(folder_fd, part, folder_fd, dead) < 0 && errno != ENOENT)
		return fail(store, errno, "put aside", part, err);
	return 0;
}

static int
make_part(const struct store *store, int folder_fd, const char *part, int *ret_fd,
	  struct error **err)
{
	AUTO_CLOSE int fd = -1;

	if (mkdirat(folder_fd, part, 0700) < 0 && errno != EEXIST)
		return fail(store, errno, "make directory", part, err);
	fd = dir_open_at(folder_fd, part);
	if (fd < 0 && errno != ENOENT)
		return fail(store, errno, "open", part, err);
	if (fd >= 0 && lock_fd_try(fd, LOCK_EXCLUSIVE) == 0 && lock_is_named(folder_fd, part, fd))
		*ret_fd = TAKE_FD(fd);
	return 0;
}

/* *ret_fd -1: another process makes it. */
static int
open_part(const struct store *store, int folder_fd, const char *name, int *ret_fd,
	  struct error **err)
{
	AUTO_FREE char *part = xasprintf("%s.part", name);
	AUTO_CLOSE int fd = -1;

	if (make_part(store, folder_fd, part, &fd, err) < 0)
		return -1;
	if (fd >= 0 && (faccessat(fd, "fs", F_OK, AT_SYMLINK_NOFOLLOW) >= 0 ||
			faccessat(fd, "record", F_OK, AT_SYMLINK_NOFOLLOW) >= 0)) {
		if (put_aside(store, folder_fd, part, name, err) < 0)
			return -1;
		close_at(&fd);
		fd = -1;
		if (make_part(store, folder_fd, part, &fd, err) < 0)
			return -1;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int
store_layer_open(struct store *store, const char *name, enum layer_state *ret_state, int *ret_fd,
		 struct error **err)
{
	AUTO_CLOSE int folder_fd = -1;
	AUTO_CLOSE int fd = -1;

	folder_fd = store->is_writable ? folder_make(store, STORE_LAYERS, err)
				       : folder_try(store, STORE_LAYERS);
	if (folder_fd < 0)
		return *err ? -1 : store_check_writable(store, err);
	if (open_ready(store, folder_fd, name, &fd, err) < 0)
		return -1;
	*ret_state = LAYER_READY;
	if (fd < 0) {
		if (store_check_writable(store, err) < 0 ||
		    open_part(store, folder_fd, name, &fd, err) < 0)
			return -1;
		*ret_state = fd >= 0 ? LAYER_NEW : LAYER_BUSY;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int
store_layers_sync(struct store *store, struct error **err)
{
#ifdef HAVE_SYNCFS
	if (fd_sync_all(store->fd) < 0)
		return folder_fail(store, errno, "sync", STORE_LAYERS, err);
#else
	(void)store;
	(void)err;
	sync();
#endif
	return 0;
}

int
store_layer_commit(struct store *store, const char *name, int fd, struct error **err)
{
	AUTO_CLOSE int folder_fd = folder_make(store, STORE_LAYERS, err);
	AUTO_FREE char *part = xasprintf("%s.part", name);
	int errnum;

	if (folder_fd < 0)
		return -1;
	if (renameat(folder_fd, part, folder_fd, name) < 0 || fd_sync(folder_fd) < 0)
		return fail(store, errno, "move into place", name, err);
	errnum = lock_fd_try(fd, LOCK_SHARED);
	return errnum ? fail(store, errnum, "lock", name, err) : 0;
}

/* "ALGORITHM-HEX-...", with or without "flat-" before it; false: not the name of a layer. */
static bool
digest_of_name(const char *name, struct digest *ret_digest)
{
	AUTO_ERROR struct error *ignored = NULL;
	AUTO_FREE char *text = NULL;
	char *dash;

	text = xstrdup(text_starts(name, "flat-") ? name + strlen("flat-") : name);
	dash = strchr(text, '-');
	if (!dash)
		return false;
	*dash = ':';
	dash = strchr(dash + 1, '-');
	if (!dash)
		return false;
	*dash = '\0';
	return digest_parse(text, ret_digest, &ignored) == 0;
}

/* `reachable` has layers, and manifests for flat trees. */
static bool
is_wanted(const struct digest_set *reachable, const char *name)
{
	struct digest digest;

	if (strstr(name, ".dead.") || text_ends(name, ".part"))
		return false;
	/* Keep anything that is not a layer. */
	if (!digest_of_name(name, &digest))
		return true;
	return strstr(name, "-" LAYER_TREES_VERSION "-") && digest_set_has(reachable, &digest);
}

static int
remove_locked(struct layer_sweep *sweep, struct store *store, int folder_fd, const char *name,
	      int fd, struct error **err)
{
	AUTO_CLOSE int tree_fd = -1;

	/* The image's mode may deny access to us. */
	if (fchmodat(fd, "fs", 0700, 0) < 0 && errno != ENOENT && errno != EPERM)
		return folder_fail(store, errno, "remove", name, err);
	tree_fd = dir_open_at(fd, "fs");
	if (tree_fd >= 0 && sweep->empty(sweep->context, name, tree_fd, err) < 0)
		return -1;
	if ((unlinkat(fd, "fs", AT_REMOVEDIR) < 0 && errno != ENOENT) ||
	    (unlinkat(fd, "record", 0) < 0 && errno != ENOENT) ||
	    unlinkat(folder_fd, name, AT_REMOVEDIR) < 0)
		return folder_fail(store, errno, "remove", name, err);
	return 0;
}

int
store_sweep_layers(struct store *store, struct layer_sweep *sweep, struct error **err)
{
	AUTO_DIGEST_SET struct digest_set reachable = { 0 };
	AUTO_CLOSE int gc_lock_fd = lock_take(store, STORE_GC_LOCK, LOCK_EXCLUSIVE, err);
	AUTO_STRINGS struct strings names = { 0 };
	AUTO_CLOSE int folder_fd = -1;

	if (gc_lock_fd < 0 || reachable_mark(store, &reachable, NULL, err) < 0 ||
	    lock_check(store, STORE_GC_LOCK, gc_lock_fd, err) < 0 ||
	    folder_find_names(store, STORE_LAYERS, &folder_fd, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_CLOSE int fd = -1;

		if (is_wanted(&reachable, names.items[i]))
			continue;
		/* A tree that is in use, or being made, is kept. */
		fd = dir_open_at(folder_fd, names.items[i]);
		if (fd < 0 || lock_fd_try(fd, LOCK_EXCLUSIVE) != 0)
			continue;
		sweep->removed_count++;
		if (!sweep->dry_run &&
		    remove_locked(sweep, store, folder_fd, names.items[i], fd, err) < 0)
			return -1;
	}
	return 0;
}
