/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "fingerprint/paths.h"
#include "run/job.h"
#include "run/root/in_root.h"
#include "run/root/mount_calls.h"
#include "run/root/volumes.h"

static void
add(struct job_mounts *mounts, const struct job_mount *mount)
{
	size_t i = mounts->count++;

	mounts->items = xgrow(mounts->items, i, sizeof(*mounts->items));
	for (; i > 0 && strcmp(mounts->items[i - 1].target, mount->target) > 0; i--)
		mounts->items[i] = mounts->items[i - 1];
	mounts->items[i] = *mount;
}

static int
refuse(const char *text, const char *why, struct error **err)
{
	return error_set(err, ERROR_USAGE, "'%s' %s", QUOTED(text), why);
}

/* Options of docker and podman that change nothing here: SELinux labels, and macOS's consistency
 * modes. */
static bool
is_idle_mode(const char *word)
{
	static const char *const words[] = { "z", "Z", "cached", "delegated", "consistent" };

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* The options after the last ':', if any. */
static int
take_mode(char *text, const char *whole, bool *ret_read_only, struct error **err)
{
	char *colon = strchr(text, ':');
	char *rest = colon ? colon + 1 : NULL;
	char *word;

	*ret_read_only = false;
	if (!colon)
		return 0;
	*colon = '\0';
	while ((word = strsep(&rest, ","))) {
		if (strcmp(word, "ro") == 0)
			*ret_read_only = true;
		else if (strcmp(word, "rw") != 0 && !is_idle_mode(word))
			return refuse(whole, "has an invalid mode: expected 'ro' or 'rw'", err);
	}
	return 0;
}

static int
check_target(const char *target, const char *whole, struct error **err)
{
	if (*target != '/')
		return refuse(whole, "needs an absolute path in the image", err);
	if (target[strspn(target, "/.")] == '\0')
		return refuse(whole, "would hide the whole image", err);
	return 0;
}

static int
parse_volume(const char *text, struct job_mount *ret_mount, struct error **err)
{
	const char *colon = strchr(text, ':');
	AUTO_FREE char *source = colon ? xstrndup(text, (size_t)(colon - text)) : NULL;
	AUTO_FREE char *target = xstrdup(colon ? colon + 1 : "");
	bool is_path = source && (*source == '/' || *source == '.');
	struct job_mount mount = {
		.kind = is_path ? MOUNT_BIND : MOUNT_VOLUME,
		.lock_fd = -1,
		.tree_fd = -1,
	};

	if (!source)
		return refuse(text, "is not HOST:PATH or VOLUME:PATH", err);
	if (!is_path && !volume_is_name(source)) {
		refuse(source, "is not a valid volume name", err);
		return error_set_hint(err, "a host path begins with '/' or '.'");
	}
	if (take_mode(target, text, &mount.read_only, err) < 0 ||
	    check_target(target, text, err) < 0)
		return -1;
	mount.source = TAKE_PTR(source);
	mount.target = TAKE_PTR(target);
	*ret_mount = mount;
	return 0;
}

int
job_mounts_add_volume(struct job_mounts *mounts, const char *text, struct error **err)
{
	struct job_mount mount;

	if (parse_volume(text, &mount, err) < 0)
		return -1;
	add(mounts, &mount);
	return 0;
}

/* "PATH" or "PATH:size=64m,mode=1777" */
int
job_mounts_add_tmpfs(struct job_mounts *mounts, const char *text, struct error **err)
{
	const char *colon = strchr(text, ':');
	AUTO_FREE char *target = xstrndup(text, colon ? (size_t)(colon - text) : strlen(text));
	struct job_mount mount = { .kind = MOUNT_TMPFS, .lock_fd = -1, .tree_fd = -1 };

	if (check_target(target, text, err) < 0)
		return -1;
	mount.source = xstrdup_null(colon ? colon + 1 : NULL);
	mount.target = TAKE_PTR(target);
	add(mounts, &mount);
	return 0;
}

int
job_mounts_parse(struct job_mounts *mounts, const struct strings *volumes,
		 const struct strings *tmpfs, struct error **err)
{
	for (size_t i = 0; volumes && i < volumes->count; i++)
		if (job_mounts_add_volume(mounts, volumes->items[i], err) < 0)
			return -1;
	for (size_t i = 0; tmpfs && i < tmpfs->count; i++)
		if (job_mounts_add_tmpfs(mounts, tmpfs->items[i], err) < 0)
			return -1;
	return 0;
}

int
job_mounts_parse_beneath(struct job_mounts *mounts, const char *directory,
			 const struct strings *volumes, struct error **err)
{
	for (size_t i = 0; volumes && i < volumes->count; i++) {
		struct job_mount mount;

		if (parse_volume(volumes->items[i], &mount, err) < 0)
			return -1;
		mount.beneath = xstrdup(directory);
		add(mounts, &mount);
	}
	return 0;
}

void
job_mounts_add_file(struct job_mounts *mounts, const char *source, const char *target)
{
	struct job_mount mount = {
		.kind = MOUNT_BIND,
		.source = xstrdup(source),
		.target = xstrdup(target),
		.lock_fd = -1,
		.tree_fd = -1,
	};

	add(mounts, &mount);
}

void
job_mounts_release(struct job_mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++) {
		free(mounts->items[i].source);
		free(mounts->items[i].beneath);
		free(mounts->items[i].target);
		close_at(&mounts->items[i].lock_fd);
		close_at(&mounts->items[i].tree_fd);
	}
	free(mounts->items);
	*mounts = (struct job_mounts){ NULL, 0 };
}

static int
fail(const struct job_mount *what, int errnum, const char *doing, struct error **err)
{
	return error_set_errno(err, errnum, "cannot %s at '%s'", doing, QUOTED(what->target));
}

/* Directories that a fresh clone lacks, such as "target/ci".  Links are not followed: what they
 * lead to exists, or stays missing. */
static void
make_beneath(const char *directory, const char *path)
{
	AUTO_FREE char *rest = xstrdup(path);
	AUTO_CLOSE int fd = dir_open_at(AT_FDCWD, directory);
	char *next = rest;
	char *name;

	while (fd >= 0 && (name = strsep(&next, "/"))) {
		int below;

		if (strcmp(name, "") == 0 || strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0 || (mkdirat(fd, name, 0777) < 0 && errno != EEXIST))
			return;
		below = dir_open_at(fd, name);
		(void)close(fd);
		fd = below;
	}
}

static int
find_path(struct job_mount *what, struct error **err)
{
	AUTO_FREE char *path = what->beneath ? xasprintf("%s/%s", what->beneath, what->source)
					     : xstrdup(what->source);
	AUTO_FREE char *found = realpath(path, NULL);

	if (!found && what->beneath && errno == ENOENT) {
		make_beneath(what->beneath, what->source);
		found = realpath(path, NULL);
	}
	if (!found)
		return error_set_path(err, errno, "mount", path);
	if (what->beneath && !path_is_below(found, what->beneath)) {
		error_set(err, ERROR_REFUSED, "cannot mount '%s': it leads out of '%s', to '%s'",
			  QUOTED(what->source), QUOTED(what->beneath), QUOTED(found));
		error_set_class(err, CLASS_OUTSIDE_PROJECT);
		return error_set_hint(err, "to mount it all the same, use -v");
	}
	free(what->source);
	what->source = TAKE_PTR(found);
	return 0;
}

static int
find_source(struct job_mount *what, struct store *store, struct error **err)
{
	struct volume volume;

	if (what->kind != MOUNT_VOLUME)
		return find_path(what, err);
	if (volume_open(store, STORE_VOLUMES, what->source, &volume, err) < 0)
		return -1;
	free(what->source);
	what->source = volume.path;
	what->is_new = volume.is_new;
	what->lock_fd = volume.lock_fd;
	return 0;
}

/* Another job may also have the project's directory, and create a link after the source was found:
 * below that directory no link is followed. */
static int
open_beneath(const char *directory, const char *path)
{
	AUTO_FREE char *rest = xstrdup(path + strlen(directory));
	AUTO_CLOSE int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *next = rest;
	char *name;

	while (fd >= 0 && (name = strsep(&next, "/"))) {
		int below;
		struct stat status;

		if (!*name)
			continue;
		below = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0 && fstat(below, &status) == 0 && S_ISLNK(status.st_mode)) {
			(void)close(below);
			errno = ELOOP;
			return -1;
		}
		close_at(&fd);
		fd = below;
	}
	return TAKE_FD(fd);
}

/* -1 with errno. */
static int
open_source(const struct job_mount *what)
{
	return what->beneath ? open_beneath(what->beneath, what->source)
			     : open(what->source, O_PATH | O_CLOEXEC);
}

void
job_mounts_mark_filled(struct job_mounts *mounts, const struct strings *names)
{
	for (size_t i = 0; i < mounts->count; i++)
		mounts->items[i].is_filled = mounts->items[i].kind == MOUNT_VOLUME &&
					     strings_has(names, mounts->items[i].source);
}

int
job_mounts_find(struct job_mounts *mounts, struct store *store, struct error **err)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->items[i].kind != MOUNT_TMPFS &&
		    find_source(&mounts->items[i], store, err) < 0)
			return -1;
	return 0;
}

/* Takes the options of mount(8) that mount(2) has as flags; the rest is the caller's.  Set-id bits
 * and devices are disabled there anyway. */
static char *
take_flags(const char *options, unsigned long *flags)
{
	AUTO_FREE char *words = xstrdup(options);
	AUTO_STRINGS struct strings left = { 0 };
	char *rest = words;
	char *word;

	while ((word = strsep(&rest, ","))) {
		if (strcmp(word, "noexec") == 0)
			*flags |= MS_NOEXEC;
		else if (strcmp(word, "exec") != 0 && strcmp(word, "nosuid") != 0 &&
			 strcmp(word, "nodev") != 0)
			strings_add(&left, word);
	}
	return strings_join(&left, ",");
}

static int
apply_tmpfs(const struct job_mount *what, const struct in_root *place, struct error **err)
{
	AUTO_FREE char *target = xasprintf("/proc/self/fd/%d", place->fd);
	unsigned long flags = MS_NOSUID | MS_NODEV;
	AUTO_FREE char *options = take_flags(what->source ? what->source : "mode=1777", &flags);

	if (mount("tmpfs", target, "tmpfs", flags, options) == 0)
		return 0;
	fail(what, errno, "mount a tmpfs", err);
	return error_set_hint(err, "options are those of tmpfs(5), as in '--tmpfs /x:size=64m'");
}

/* The detached mount; -1 with *err. */
static int
clone(const struct job_mount *what, int source_fd, struct error **err)
{
	AUTO_CLOSE int tree_fd = mount_clone(source_fd);

	if (tree_fd < 0)
		return fail(what, errno, "mount", err);
	if (what->read_only && mount_set_read_only(tree_fd) < 0)
		return fail(what, errno, "mount read-only", err);
	return TAKE_FD(tree_fd);
}

static int
shift(struct job_mount *what, int userns_fd, struct error **err)
{
	AUTO_CLOSE int source_fd = open_source(what);
	AUTO_CLOSE int tree_fd = -1;

	if (source_fd < 0)
		return error_set_path(err, errno, "mount", what->source);
	tree_fd = clone(what, source_fd, err);
	if (tree_fd < 0)
		return -1;
	if (mount_shift(tree_fd, userns_fd) < 0)
		return mount_refuse_shift(errno, what->source, err);
	close_at(&what->tree_fd);
	what->tree_fd = TAKE_FD(tree_fd);
	return 0;
}

int
job_mounts_shift(struct job_mounts *mounts, int userns_fd, struct error **err)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->items[i].kind != MOUNT_TMPFS &&
		    shift(&mounts->items[i], userns_fd, err) < 0)
			return -1;
	return 0;
}

static int
apply_bind(const struct job_mount *what, int source_fd, const struct in_root *place,
	   struct error **err)
{
	AUTO_CLOSE int tree_fd = -1;

	if (what->tree_fd < 0) {
		tree_fd = clone(what, source_fd, err);
		if (tree_fd < 0)
			return -1;
	}
	return mount_attach(tree_fd < 0 ? what->tree_fd : tree_fd, place->fd) < 0
		       ? fail(what, errno, "mount", err)
		       : 0;
}

static bool
is_file(int source_fd)
{
	struct stat status;

	return source_fd >= 0 && fstat(source_fd, &status) == 0 && !S_ISDIR(status.st_mode);
}

/* The whole root, or a place that the engine mounts over. */
static int
check_place(const struct job_mount *what, const struct in_root *place, struct error **err)
{
	bool is_hidden = strcmp(place->path, "/") == 0;

	for (const char *const *folder = job_plain_folders; *folder; folder++)
		is_hidden |= path_is_below(place->path, *folder);
	if (!is_hidden)
		return 0;
	error_set(err, ERROR_USAGE, "cannot mount at '%s'", QUOTED(what->target));
	return error_set_hint(err, "the engine itself mounts /, /dev, /proc and /sys");
}

/* Opens the source only here: opened in our former mount namespace, it could not be copied. */
static int
apply(const struct job_mount *what, int root_fd, struct strings *made, struct error **err)
{
	AUTO_IN_ROOT struct in_root place = IN_ROOT_INIT;
	AUTO_CLOSE int source_fd = -1;

	if (what->kind != MOUNT_TMPFS) {
		source_fd = what->tree_fd >= 0 ? fcntl(what->tree_fd, F_DUPFD_CLOEXEC, 0)
					       : open_source(what);
		if (source_fd < 0)
			return error_set_path(err, errno, "mount", what->source);
	}
	if (in_root_make(root_fd, what->target, is_file(source_fd) ? MAKE_FILE : MAKE_DIRECTORY,
			 made, &place, err) < 0 ||
	    check_place(what, &place, err) < 0)
		return -1;
	return source_fd < 0 ? apply_tmpfs(what, &place, err)
			     : apply_bind(what, source_fd, &place, err);
}

int
job_mounts_apply(const struct job_mounts *mounts, int root_fd, struct strings *made,
		 struct error **err)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (apply(&mounts->items[i], root_fd, made, err) < 0)
			return -1;
	return 0;
}

/* Everything in it, including links themselves. */
static int
give_tree(int fd, uid_t uid, gid_t gid, unsigned depth)
{
	AUTO_STRINGS struct strings names = { 0 };

	if (depth > CACHE_DEPTH_LIMIT_COUNT || dir_names(fd, CACHE_ENTRIES_LIMIT_COUNT, &names) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		AUTO_CLOSE int deeper_fd = dir_open_at(fd, names.items[i]);

		if ((deeper_fd >= 0 && give_tree(deeper_fd, uid, gid, depth + 1) < 0) ||
		    fchownat(fd, names.items[i], uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
			return -1;
	}
	return 0;
}

static int
give_content(const struct job_mount *what, uid_t uid, gid_t gid, struct error **err)
{
	AUTO_CLOSE int fd = what->tree_fd >= 0 ? dir_open_at(what->tree_fd, ".")
					       : dir_open_at(AT_FDCWD, what->source);

	if (fd < 0 || give_tree(fd, uid, gid, 0) < 0)
		return fail(what, errno, "change the owner of the volume", err);
	return 0;
}

int
job_mounts_give(const struct job_mounts *mounts, uid_t uid, gid_t gid, struct error **err)
{
	for (size_t i = 0; i < mounts->count; i++) {
		const struct job_mount *what = &mounts->items[i];
		bool is_shifted = what->tree_fd >= 0;

		if (what->is_filled && uid + gid > 0 && give_content(what, uid, gid, err) < 0)
			return -1;
		if ((what->is_new || what->is_filled) &&
		    fchownat(is_shifted ? what->tree_fd : AT_FDCWD, is_shifted ? "" : what->source,
			     uid, gid, is_shifted ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW) < 0)
			return fail(what, errno, "change the owner of the volume", err);
	}
	return 0;
}

static bool
is_file_at(const struct job_mount *what)
{
	AUTO_CLOSE int fd = -1;

	if (what->kind == MOUNT_TMPFS)
		return false;
	fd = open_source(what);
	return is_file(fd);
}

int
job_mounts_settle(struct job_mounts *mounts, int root_fd, struct error **err)
{
	for (size_t i = 0; i < mounts->count; i++) {
		struct job_mount *what = &mounts->items[i];
		const struct job_mounts before = { mounts->items, i };
		AUTO_IN_ROOT struct in_root place = IN_ROOT_INIT;

		if (in_root_make_through(root_fd, &before, what->target,
					 is_file_at(what) ? MAKE_FILE : MAKE_DIRECTORY, NULL,
					 &place, err) < 0 ||
		    check_place(what, &place, err) < 0)
			return -1;
		free(what->target);
		what->target = TAKE_PTR(place.path);
	}
	return 0;
}
