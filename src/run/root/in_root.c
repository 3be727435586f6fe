/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/in_root.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "run/root/mounts.h"

struct walk {
	int root_fd;
	int fd;              /* the current directory */
	struct strings done; /* its path, in components */
	char *rest;          /* the rest of the path */
	unsigned link_count;
	enum in_root_make make;
	struct strings *made;
	const struct job_mounts *mounts; /* mounts that are not made yet; NULL: all are */
	bool is_in_tmpfs;                /* inside one of those: its content is made later */
	bool is_read_only;
};

static void
walk_release(struct walk *walk)
{
	close_at(&walk->fd);
	strings_release(&walk->done);
	free(walk->rest);
}

static int
open_step(int fd, const char *name)
{
	return openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

static void
move_to(struct walk *walk, int fd)
{
	close_at(&walk->fd);
	walk->fd = fd;
}

static char *
path_of(const struct strings *components, const char *name)
{
	AUTO_FREE char *folder = strings_join(components, "/");

	if (!name)
		return xasprintf("/%s", folder);
	return xasprintf("%s%s/%s", *folder ? "/" : "", folder, name);
}

/* `fd`: of the entry with that name; -1 in a tmpfs.  0 or an errno. */
static int
arrive(struct walk *walk, const char *name, int fd)
{
	AUTO_FREE char *path = NULL;

	strings_add(&walk->done, name);
	if (fd >= 0)
		move_to(walk, fd);
	/* Continues in the mount that will be made here, if any.  0 or an errno. */
	path = walk->mounts ? path_of(&walk->done, NULL) : NULL;
	for (size_t i = 0; path && i < walk->mounts->count; i++) {
		const struct job_mount *mount = &walk->mounts->items[i];

		if (strcmp(mount->target, path) != 0)
			continue;
		walk->is_in_tmpfs = mount->kind == MOUNT_TMPFS;
		walk->is_read_only = mount->read_only;
		if (!walk->is_in_tmpfs)
			move_to(walk, open(mount->source, O_PATH | O_CLOEXEC));
		if (walk->fd < 0)
			return errno;
	}
	return 0;
}

/* Walks from the root again, along `done`.  0 or an errno. */
static int
walk_again(struct walk *walk)
{
	AUTO_STRINGS struct strings names = walk->done;
	int errnum = 0;

	walk->done = (struct strings){ 0 };
	walk->is_in_tmpfs = walk->is_read_only = false;
	move_to(walk, open_step(walk->root_fd, "."));
	if (walk->fd < 0)
		return errno;
	for (size_t i = 0; !errnum && i < names.count; i++) {
		int fd = walk->is_in_tmpfs ? -1 : open_step(walk->fd, names.items[i]);

		errnum = fd < 0 && !walk->is_in_tmpfs ? errno : arrive(walk, names.items[i], fd);
	}
	return errnum;
}

static int
go_up(struct walk *walk)
{
	if (walk->done.count == 0)
		return 0;
	free(walk->done.items[--walk->done.count]);
	walk->done.items[walk->done.count] = NULL;
	return walk_again(walk);
}

static int
follow(struct walk *walk, int link_fd)
{
	char target[PATH_LIMIT_BYTES + 1];
	ssize_t size = readlinkat(link_fd, "", target, sizeof(target));
	char *rest;

	if (size < 0)
		return errno;
	if (size == 0 || (size_t)size == sizeof(target))
		return size == 0 ? ENOENT : ENAMETOOLONG;
	if (++walk->link_count > LINKS_LIMIT_COUNT)
		return ELOOP;
	rest = xasprintf("%.*s/%s", (int)size, target, walk->rest);
	free(walk->rest);
	walk->rest = rest;
	if (*target != '/')
		return 0;
	strings_release(&walk->done);
	walk->done = (struct strings){ 0 };
	return walk_again(walk);
}

static bool
is_last(const struct walk *walk)
{
	return walk->rest[strspn(walk->rest, "/")] == '\0';
}

/* 0 or an errno. */
static int
make_step(struct walk *walk, const char *name)
{
	if (walk->make == MAKE_NOTHING)
		return ENOENT;
	if (walk->is_read_only)
		return EROFS;
	if (walk->make == MAKE_FILE && is_last(walk)) {
		AUTO_CLOSE int fd = openat(
			walk->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

		if (fd < 0 || fchmod(fd, 0644) < 0)
			return errno;
	} else if (mkdirat(walk->fd, name, 0755) < 0 || fchmodat(walk->fd, name, 0755, 0) < 0) {
		return errno;
	}
	if (walk->made)
		strings_take(walk->made, path_of(&walk->done, name));
	return 0;
}

/* 0 or an errno. */
static int
step(struct walk *walk, const char *name)
{
	AUTO_CLOSE int fd = -1;
	struct stat status;
	int errnum;

	if (walk->is_in_tmpfs)
		return walk->make == MAKE_NOTHING ? ENOENT : arrive(walk, name, -1);
	fd = open_step(walk->fd, name);
	if (fd < 0 && errno == ENOENT) {
		errnum = make_step(walk, name);
		if (errnum)
			return errnum;
		fd = open_step(walk->fd, name);
	}
	if (fd < 0 || fstat(fd, &status) < 0)
		return errno;
	if (S_ISLNK(status.st_mode))
		return follow(walk, fd);
	if (!S_ISDIR(status.st_mode) && !is_last(walk))
		return ENOTDIR;
	return arrive(walk, name, TAKE_FD(fd));
}

/* The next component of the rest; NULL at its end.  The caller owns it. */
static char *
next_name(struct walk *walk)
{
	char *start = walk->rest + strspn(walk->rest, "/");
	size_t size = strcspn(start, "/");
	char *name = size > 0 ? xstrndup(start, size) : NULL;

	memmove(walk->rest, start + size, strlen(start + size) + 1);
	return name;
}

static int
walk_all(struct walk *walk)
{
	int errnum = walk_again(walk);

	while (!errnum) {
		AUTO_FREE char *name = next_name(walk);

		if (!name)
			return 0;
		if (strcmp(name, "..") == 0)
			errnum = go_up(walk);
		else if (strcmp(name, ".") != 0)
			errnum = step(walk, name);
	}
	return errnum;
}

static int
fail(const char *path, int errnum, struct error **err)
{
	if (errnum == ELOOP || errnum == ENOTDIR || errnum == EISDIR || errnum == ENAMETOOLONG) {
		errno = errnum;
		return error_set(err, ERROR_CONTENT, "cannot use '%s' of the image: %m",
				 QUOTED(path));
	}
	error_set_errno(err, errnum, "cannot use '%s' of the image", QUOTED(path));
	if (errnum == EOVERFLOW)
		error_set_hint(err, "it belongs to a user or group that has no id here; let the "
				    "user who runs it unpack it");
	return -1;
}

static void
hand_out(struct walk *walk, struct in_root *ret_place)
{
	ret_place->path = path_of(&walk->done, NULL);
	ret_place->fd = TAKE_FD(walk->fd);
}

int
in_root_find_through(int root_fd, const struct job_mounts *mounts, const char *path,
		     struct in_root *ret_place, bool *ret_found, struct error **err)
{
	CLEANUP(walk_release)
	struct walk walk = {
		.root_fd = root_fd,
		.fd = -1,
		.rest = xstrdup(path),
		.mounts = mounts,
	};
	int errnum = walk_all(&walk);

	*ret_found = errnum == 0;
	if (errnum == ENOENT || errnum == ENOTDIR)
		return 0;
	if (errnum)
		return fail(path, errnum, err);
	hand_out(&walk, ret_place);
	return 0;
}

int
in_root_find(int root_fd, const char *path, struct in_root *ret_place, bool *ret_found,
	     struct error **err)
{
	return in_root_find_through(root_fd, NULL, path, ret_place, ret_found, err);
}

int
in_root_make_through(int root_fd, const struct job_mounts *mounts, const char *path,
		     enum in_root_make make, struct strings *made, struct in_root *ret_place,
		     struct error **err)
{
	CLEANUP(walk_release)
	struct walk walk = {
		.root_fd = root_fd,
		.fd = -1,
		.rest = xstrdup(path),
		.make = make,
		.made = made,
		.mounts = mounts,
	};
	int errnum = walk_all(&walk);
	struct stat status;

	if (errnum)
		return fail(path, errnum, err);
	if (fstat(walk.fd, &status) < 0)
		return fail(path, errno, err);
	if (!walk.is_in_tmpfs && S_ISDIR(status.st_mode) != (make == MAKE_DIRECTORY))
		return fail(path, make == MAKE_DIRECTORY ? ENOTDIR : EISDIR, err);
	hand_out(&walk, ret_place);
	return 0;
}

int
in_root_make(int root_fd, const char *path, enum in_root_make make, struct strings *made,
	     struct in_root *ret_place, struct error **err)
{
	return in_root_make_through(root_fd, NULL, path, make, made, ret_place, err);
}

/* The descriptor from O_PATH cannot be of another file by now. */
int
in_root_open(const struct in_root *place)
{
	AUTO_FREE char *path = xasprintf("/proc/self/fd/%d", place->fd);
	struct stat status;

	if (fstat(place->fd, &status) < 0)
		return -1;
	if (!S_ISREG(status.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void
in_root_release(struct in_root *place)
{
	close_at(&place->fd);
	free(place->path);
	*place = IN_ROOT_INIT;
}
