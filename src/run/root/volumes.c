/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "run/root/root.h"
#include "run/roots.h"
#include "sandbox/id_map.h"
#include "store/folder.h"
#include "store/lock.h"
#include "store/store.h"

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* Any user of the job may need it; the store above is closed to other users. */
static const mode_t volume_mode = 0755;

/* As in docker: a letter or digit, then these, '_', '.' and '-'. */
bool
volume_is_name(const char *name)
{
	return strlen(name) <= VOLUME_NAME_LIMIT_CHARS && strspn(name, ALPHANUMERIC) > 0 &&
	       name[strspn(name, ALPHANUMERIC "_.-")] == '\0';
}

static int
open_or_make(struct store *store, const char *path, struct volume *volume, struct error **err)
{
	if (folder_find(store, path, &volume->lock_fd, err) < 0)
		return -1;
	if (volume->lock_fd >= 0)
		return 0;
	volume->is_new = true;
	volume->lock_fd = folder_make(store, path, err);
	if (volume->lock_fd < 0)
		return -1;
	if (fchmod(volume->lock_fd, volume_mode) < 0)
		return folder_fail(store, errno, "change the mode of", path, err);
	return 0;
}

static int
lock(const struct store *store, const char *folder, const char *path, const char *name,
     const struct volume *volume, struct error **err)
{
	bool is_root = strcmp(folder, STORE_KEPT_ROOTS) == 0;
	AUTO_CLOSE int folder_fd = folder_try(store, folder);
	int errnum = lock_fd_try(volume->lock_fd, is_root ? LOCK_EXCLUSIVE : LOCK_SHARED);

	if (errnum == 0 && !lock_is_named(folder_fd, name, volume->lock_fd))
		errnum = EWOULDBLOCK;
	if (errnum == 0)
		return 0;
	folder_fail(store, errnum, "use", path, err);
	if (errnum != EWOULDBLOCK)
		return -1;
	error_set_class(err, CLASS_LOCK);
	return error_set_hint(err, is_root ? "another run uses it" : "it is being removed");
}

int
volume_open(struct store *store, const char *folder, const char *name, struct volume *ret_volume,
	    struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, name);
	AUTO_FREE char *full = xasprintf("%s/%s", store_path(store), path);
	struct volume volume = { .lock_fd = -1 };

	if (open_or_make(store, path, &volume, err) == 0 &&
	    lock(store, folder, path, name, &volume, err) == 0) {
		volume.path = realpath(full, NULL);
		if (!volume.path)
			(void)folder_fail(store, errno, "find", path, err);
	}
	if (!volume.path) {
		close_at(&volume.lock_fd);
		return -1;
	}
	*ret_volume = volume;
	return 0;
}

int
volume_take_over(struct store *store, const char *from, const char *to, bool *ret_taken,
		 struct error **err)
{
	AUTO_FREE char *from_path = xasprintf(STORE_VOLUMES "/%s", from);
	AUTO_FREE char *to_path = xasprintf(STORE_VOLUMES "/%s", to);
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int to_fd = -1;

	*ret_taken = false;
	if (folder_find(store, to_path, &to_fd, err) < 0)
		return -1;
	if (to_fd >= 0)
		return 0;
	if (folder_find(store, from_path, &fd, err) < 0)
		return -1;
	if (fd < 0 || lock_fd_try(fd, LOCK_EXCLUSIVE) != 0)
		return 0;
	if (folder_move(store, from_path, to_path, err) < 0)
		return -1;
	*ret_taken = true;
	return 0;
}

int
volume_remove(struct store *store, const char *folder, const char *name, bool *ret_found,
	      struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, name);
	AUTO_CLOSE int fd = -1;

	*ret_found = false;
	if (!volume_is_name(name))
		return 0;
	if (folder_find(store, path, &fd, err) < 0)
		return -1;
	*ret_found = fd >= 0;
	if (fd < 0)
		return 0;
	if (lock_fd_try(fd, LOCK_EXCLUSIVE) == 0) {
		AUTO_ROOT struct root root = ROOT_INIT;
		struct id_map map;
		AUTO_FREE char *to = NULL;

		store_free_spare(store);
		if (id_map_choose(&map, err) < 0 || root_make_empty(store, &root, err) < 0)
			return -1;
		/* To where gc removes files of killed runs, whichever users they belong to. */
		to = xasprintf(STORE_ROOTS "/%s/volume", root.id);
		if (folder_move(store, path, to, err) < 0)
			return -1;
		return roots_remove(&root, &map, err);
	}
	error_set(err, ERROR_LOCAL, "a job is using it");
	error_set_class(err, CLASS_LOCK);
	return error_set_hint(err, "wait for the job to end");
}
