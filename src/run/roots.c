/* SPDX-License-Identifier: Apache-2.0 */
#include "run/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "layer/helper/remove_tree.h"
#include "run/container/cgroup.h"
#include "run/container/container.h"
#include "run/container/user_map.h"
#include "run/root/root.h"
#include "store/folder.h"
#include "store/lock.h"
#include "store/store.h"

static int
empty(const struct root *root, struct error **err)
{
	return remove_children(root->fd) < 0 ? error_set_path(err, errno, "empty", root->path) : 0;
}

static int
empty_in_container(void *context, struct error **err)
{
	return empty(context, err);
}

/* If no job has written as another user, all files are the caller's, who can remove them without a
 * user namespace; else only root of that namespace can. */
static int
empty_root(const struct root *root, const struct id_map *map, struct error **err)
{
	struct container container = {
		.map = map,
		.main = empty_in_container,
		.context = (void *)(uintptr_t)root,
	};
	AUTO_ERROR struct error *denied = NULL;
	int status;

	if (map->kind == ID_MAP_HOST)
		return empty(root, err);
	if (empty(root, &denied) == 0)
		return 0;
	return container_run(&container, &status, err);
}

int
roots_remove(struct root *root, const struct id_map *map, struct error **err)
{
	if (empty_root(root, map, err) < 0)
		return error_wrap(err, "cannot remove '%s'", root->path);
	return rmdir(root->path) < 0 ? error_set_path(err, errno, "remove", root->path) : 0;
}

/* *ret_held: a run uses it. */
static int
take_root(struct store *store, const char *id, struct root *ret_root, bool *ret_held,
	  struct error **err)
{
	AUTO_ROOT struct root root = ROOT_INIT;
	AUTO_FREE char *folder = xasprintf(STORE_ROOTS "/%s", id);

	root.id = xstrdup(id);
	root.path = store_full_path(store, folder);
	if (folder_find(store, folder, &root.fd, err) < 0)
		return -1;
	*ret_held = root.fd < 0;
	if (*ret_held)
		return 0;
	root.lock_fd = openat(root.fd, ROOT_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (root.lock_fd < 0)
		return error_set_path(err, errno, "open the lock of", root.path);
	*ret_held = lock_fd_try(root.lock_fd, LOCK_EXCLUSIVE) != 0;
	*ret_root = root;
	root = ROOT_INIT;
	return 0;
}

static int
collect_root(struct store *store, const char *id, bool dry_run, uint64_t *removed_count,
	     struct error **err)
{
	AUTO_ROOT struct root root = ROOT_INIT;
	struct id_map map;
	bool is_held = false;

	if (take_root(store, id, &root, &is_held, err) < 0)
		return -1;
	*removed_count += !is_held;
	if (is_held || dry_run)
		return 0;
	cgroup_remove_left(&root);
	if (id_map_choose(&map, err) < 0)
		return -1;
	return roots_remove(&root, &map, err);
}

int
roots_collect(struct store *store, bool dry_run, uint64_t *ret_removed_count, struct error **err)
{
	AUTO_STRINGS struct strings ids = { 0 };
	uint64_t removed_count = 0;

	if (folder_list(store, STORE_ROOTS, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++)
		if (collect_root(store, ids.items[i], dry_run, &removed_count, err) < 0)
			return -1;
	*ret_removed_count = removed_count;
	return 0;
}
