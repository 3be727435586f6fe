/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/xalloc.h"
#include "run/root/kept_root.h"
#include "run/root/mount_calls.h"
#include "run/roots.h"
#include "store/folder.h"
#include "store/lock.h"
#include "store/store.h"

static int
fail(const struct root *root, const char *doing, const char *name, struct error **err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", root->path, name);

	return error_set_path(err, errno, doing, path);
}

static int
lock(struct root *root, struct error **err)
{
	int errnum;

	root->lock_fd = openat(root->fd, ROOT_LOCK, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (root->lock_fd < 0)
		return fail(root, "make", ROOT_LOCK, err);
	errnum = lock_fd_try(root->lock_fd, LOCK_EXCLUSIVE);
	errno = errnum;
	return errnum ? fail(root, "lock", ROOT_LOCK, err) : 0;
}

static int
make_folder(const struct root *root, const char *name, mode_t mode, struct error **err)
{
	if (mkdirat(root->fd, name, mode) < 0 || fchmodat(root->fd, name, mode, 0) < 0)
		return fail(root, "make", name, err);
	return 0;
}

static int
link_layers(const struct root *root, const struct strings *layers, struct error **err)
{
	/* An image without layers gets an empty directory as its layer. */
	if (layers->count == 0)
		return make_folder(root, "lower/0", 0755, err);
	for (size_t i = 0; i < layers->count; i++) {
		AUTO_FREE char *name = xasprintf("lower/%zu", i);

		const char *path = layers->items[layers->count - 1 - i];

		AUTO_FREE char *whole = realpath(path, NULL);

		if (!whole || symlinkat(whole, root->fd, name) < 0)
			return fail(root, "make", name, err);
	}
	return 0;
}

/* The root directory itself is the upper one's. */
static int
set_mode(const struct root *root, struct error **err)
{
	if (!root->is_kept && fchmodat(root->fd, "upper", root->mode, 0) < 0)
		return fail(root, "change the mode of", "upper", err);
	return 0;
}

static int
make_upper(const struct root *root, const struct kept_root *kept, struct error **err)
{
	if (!kept)
		return make_folder(root, "upper", 0700, err);
	return symlinkat(kept->path, root->fd, "upper") < 0 ? fail(root, "make", "upper", err) : 0;
}

static int
fill(const struct root *root, const struct strings *layers, const struct kept_root *kept,
     struct error **err)
{
	static const char *const private_folders[] = { "lower", "work", "root", "bundle", NULL };
	struct stat status;

	for (const char *const *name = private_folders; *name; name++)
		if (make_folder(root, *name, 0700, err) < 0)
			return -1;
	if (make_upper(root, kept, err) < 0 || link_layers(root, layers, err) < 0)
		return -1;
	if (fstatat(root->fd, "lower/0", &status, 0) < 0)
		return fail(root, "look at", "lower/0", err);
	errno = ENOTDIR;
	if (!S_ISDIR(status.st_mode))
		return fail(root, "use", "lower/0", err);
	return set_mode(root, err);
}

/* The root need not survive a crash: it is not synced. */
static int
make_own_folder(struct store *store, struct root *root, struct error **err)
{
	AUTO_CLOSE int roots_fd = folder_make(store, STORE_ROOTS, err);

	if (roots_fd < 0)
		return -1;
	if (mkdirat(roots_fd, root->id, 0700) == 0)
		root->fd = dir_open_at(roots_fd, root->id);
	return root->fd < 0 ? error_set_path(err, errno, "make", root->path) : 0;
}

int
root_make_empty(struct store *store, struct root *ret_root, struct error **err)
{
	AUTO_ROOT struct root root = ROOT_INIT;
	AUTO_FREE char *base = realpath(store_path(store), NULL);

	if (!base)
		return error_set_path(err, errno, "find", store_path(store));
	root.id = random_hex(8, err);
	if (!root.id)
		return -1;
	root.path = xasprintf("%s/" STORE_ROOTS "/%s", base, root.id);
	if (make_own_folder(store, &root, err) < 0 || lock(&root, err) < 0)
		return -1;
	*ret_root = root;
	root = ROOT_INIT;
	return 0;
}

int
root_make(struct store *store, const struct strings *layers, mode_t mode,
	  const struct kept_root *kept, struct root *ret_root, struct error **err)
{
	AUTO_ROOT struct root root = ROOT_INIT;

	if (root_make_empty(store, &root, err) < 0)
		return -1;
	root.mode = mode;
	root.is_flat = kept && kept->is_flat;
	root.is_kept = kept && !kept->is_new;
	if (fill(&root, layers, kept, err) < 0)
		return -1;
	*ret_root = root;
	root = ROOT_INIT;
	return 0;
}

/* -1 with *err. */
static int
shift(const char *path, int userns_fd, struct error **err)
{
	AUTO_CLOSE int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int tree_fd = fd < 0 ? -1 : mount_clone(fd);

	if (tree_fd < 0)
		return error_set_path(err, errno, "mount", path);
	return mount_shift(tree_fd, userns_fd) < 0 ? mount_refuse_shift(errno, path, err)
						   : TAKE_FD(tree_fd);
}

static size_t
count_layers(const struct root *root)
{
	struct stat status;

	for (size_t i = 0;; i++) {
		AUTO_FREE char *name = xasprintf("lower/%zu", i);

		if (fstatat(root->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
			return i;
	}
}

static void
root_end_shift(struct root *root)
{
	for (size_t i = 0; i < root->layer_count; i++)
		close_at(&root->layer_fds[i]);
	free(root->layer_fds);
	root->layer_fds = NULL;
	root->layer_count = 0;
	close_at(&root->shifted_fd);
}

int
root_shift(struct root *root, int userns_fd, struct error **err)
{
	size_t count = root->is_flat ? 0 : count_layers(root);

	root_end_shift(root);
	root->shifted_fd = shift(root->path, userns_fd, err);
	if (root->shifted_fd < 0)
		return -1;
	root->layer_fds = xcalloc(count + 1, sizeof(*root->layer_fds));
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *path = xasprintf("%s/lower/%zu", root->path, i);
		int fd = shift(path, userns_fd, err);

		if (fd < 0)
			return -1;
		root->layer_fds[root->layer_count++] = fd;
	}
	return 0;
}

/* The job's user namespace may not enter the directories that the links lead to. */
static int
mount_layers(const struct root *root, struct error **err)
{
	for (size_t i = 0; i < root->layer_count; i++) {
		AUTO_FREE char *name = xasprintf("lower/%zu", i);
		AUTO_CLOSE int fd = -1;

		if (unlinkat(root->fd, name, 0) < 0 && errno != EISDIR)
			return fail(root, "remove", name, err);
		if (mkdirat(root->fd, name, 0700) < 0 && errno != EEXIST)
			return fail(root, "make", name, err);
		fd = dir_open_at(root->fd, name);
		if (fd < 0 || mount_attach(root->layer_fds[i], fd) < 0)
			return fail(root, "mount", name, err);
	}
	return 0;
}

/* The directories above the store belong to root, who is not mapped in the job's user namespace:
 * the root gets another path, in place of a directory that no engine needs. */
static int
move_shifted(struct root *root, struct error **err)
{
	static const char *const places[] = { "/mnt", "/media", "/srv", "/tmp" };
	AUTO_CLOSE int fd = -1;
	size_t i = 0;

	while (fd < 0 && i < COUNT_OF(places))
		fd = dir_open_at(AT_FDCWD, places[i++]);
	if (fd < 0 || mount_attach(root->shifted_fd, fd) < 0)
		return error_set_path(err, errno, "mount the root at", places[i - 1]);
	free(root->path);
	root->path = xstrdup(places[i - 1]);
	return 0;
}

/* "0:1:2" */
static char *
lower_names(const struct root *root)
{
	size_t count = count_layers(root);
	AUTO_STRINGS struct strings names = { 0 };

	for (size_t i = 0; i < count; i++)
		strings_take(&names, xasprintf("%zu", i));
	return strings_join(&names, ":");
}

int
root_open_upper(const struct root *root)
{
	return openat(root->fd, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
check_xattrs(const struct root *root)
{
	static const char name[] = "user.overlay.ocifp";
	AUTO_CLOSE int fd = root_open_upper(root);

	return fd < 0 || fsetxattr(fd, name, "", 0, 0) < 0 ? -1 : fremovexattr(fd, name);
}

static int
mount_overlay(const struct root *root, struct error **err)
{
	AUTO_FREE char *names = lower_names(root);
	AUTO_FREE char *options =
		xasprintf("lowerdir=%s,upperdir=../upper,workdir=../work,userxattr", names);
	AUTO_CLOSE int lower_fd = dir_open_at(root->fd, "lower");

	if (lower_fd < 0 || fchdir(lower_fd) < 0)
		return fail(root, "enter", "lower", err);
	/* Without this, a directory that is created again would show its old content. */
	if (check_xattrs(root) == 0 && mount("overlay", "../root", "overlay", 0, options) == 0)
		return 0;
	error_set_errno(err, errno, "cannot mount an overlay in '%s'", root->path);
	error_set_class(err, CLASS_NO_OVERLAY);
	return error_set_hint(err, "'ocifp doctor' says whether overlays work here");
}

static int
mount_flat(const struct root *root, struct error **err)
{
	if (set_mode(root, err) < 0)
		return -1;
	if (fchdir(root->fd) < 0 || mount("upper", "root", NULL, MS_BIND, NULL) < 0)
		return error_set_path(err, errno, "mount", root->path);
	return 0;
}

int
root_mount(struct root *root, struct error **err)
{
	AUTO_CLOSE int fd = -1;

	if (root->shifted_fd >= 0 && move_shifted(root, err) < 0)
		return -1;
	/* Descriptors from before belong to our former mount namespace. */
	close_at(&root->fd);
	root->fd = dir_open_at(AT_FDCWD, root->path);
	if (root->fd < 0)
		return error_set_path(err, errno, "open", root->path);
	if (mount_layers(root, err) < 0 ||
	    (root->is_flat ? mount_flat(root, err) : mount_overlay(root, err)) < 0)
		return -1;
	fd = openat(root->fd, "root", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(root, "open", "root", err);
	return TAKE_FD(fd);
}

int
root_write(const struct root *root, const char *name, const char *text, struct error **err)
{
	AUTO_CLOSE int fd =
		openat(root->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0 || fchmod(fd, 0644) < 0)
		return fail(root, "write", name, err);
	return fd_write_all(fd, text, strlen(text), name, err);
}

void
root_release(struct root *root)
{
	root_end_shift(root);
	free(root->id);
	free(root->path);
	close_at(&root->fd);
	close_at(&root->lock_fd);
	*root = ROOT_INIT;
}
