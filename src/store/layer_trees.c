#include "store/layer_trees.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/xalloc.h"
#include "store/folder.h"
#include "store/lock.h"
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

/* -1: not there, or on its way out. */
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

/* What somebody left is not filled up but put aside: its files may be of ids that are not ours. */
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

static bool
is_empty(int fd)
{
	return faccessat(fd, "fs", F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	       faccessat(fd, "record", F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

/* *ret_fd -1: another process is at it. */
static int
open_part(const struct store *store, int folder_fd, const char *name, int *ret_fd,
	  struct error **err)
{
	AUTO_FREE char *part = xasprintf("%s.part", name);
	AUTO_CLOSE int fd = -1;

	if (make_part(store, folder_fd, part, &fd, err) < 0)
		return -1;
	if (fd >= 0 && !is_empty(fd)) {
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
	if (syncfs(store->fd) < 0)
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
	if (renameat(folder_fd, part, folder_fd, name) < 0 || fsync(folder_fd) < 0)
		return fail(store, errno, "move into place", name, err);
	errnum = lock_fd_try(fd, LOCK_SHARED);
	return errnum ? fail(store, errnum, "lock", name, err) : 0;
}
