/* SPDX-License-Identifier: Apache-2.0 */
#include "layer/helper/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"

/* From linux/openat2.h, which older systems lack. */
#define RESOLVE_NO_MAGICLINKS_FLAG 0x02
#define RESOLVE_IN_ROOT_FLAG 0x10

struct how {
	uint64_t flags;
	uint64_t mode;
	uint64_t resolve;
};

#define RACES_LIMIT_COUNT 64

static void
drop_last(char *path, size_t *length)
{
	while (*length > 0 && path[*length - 1] != '/')
		--*length;
	if (*length > 0)
		--*length;
}

void
path_clean(char *path)
{
	const char *from = path;
	size_t length = 0;

	while (*from) {
		size_t size = strcspn(from, "/");

		if (size == 2 && strncmp(from, "..", 2) == 0) {
			drop_last(path, &length);
		} else if (size > 0 && !(size == 1 && *from == '.')) {
			if (length > 0)
				path[length++] = '/';
			memmove(path + length, from, size);
			length += size;
		}
		from += size;
		from += strspn(from, "/");
	}
	path[length] = '\0';
}

/* EAGAIN: a rename happened meanwhile.  ENOSYS: a system without openat2(2). */
#ifdef SYS_openat2
static int
open_in_root(const struct beneath *beneath, const char *path)
{
	const struct how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT_FLAG | RESOLVE_NO_MAGICLINKS_FLAG,
	};
	long fd = -1;

	for (int i = 0; i < RACES_LIMIT_COUNT; i++) {
		fd = syscall(SYS_openat2, beneath->root_fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return (int)fd;
}
#else
static int
open_in_root(const struct beneath *beneath, const char *path)
{
	(void)beneath;
	(void)path;
	errno = ENOSYS;
	return -1;
}
#endif

/* The resolved path so far, without links, and the rest of the path. */
struct walk {
	int root_fd;
	int fd;
	char done[PATH_LIMIT_BYTES];
	size_t done_length;
	char *rest;
	int links;
	const struct beneath_maker *maker;
};

static void
move_to(struct walk *walk, int fd)
{
	close_at(&walk->fd);
	walk->fd = fd;
}

/* For "..", walks again from the root, because ".." of a directory may change meanwhile. */
static int
go_up(struct walk *walk)
{
	AUTO_FREE char *again = NULL;
	char *rest;
	char *name;

	drop_last(walk->done, &walk->done_length);
	walk->done[walk->done_length] = '\0';
	again = xstrdup(walk->done);
	rest = *again ? again : NULL;
	move_to(walk, dir_open_at(walk->root_fd, "."));
	while (walk->fd >= 0 && (name = strsep(&rest, "/")))
		move_to(walk, dir_open_at(walk->fd, name));
	return walk->fd < 0 ? -1 : 0;
}

static int
go_root(struct walk *walk)
{
	walk->done_length = 0;
	walk->done[0] = '\0';
	move_to(walk, dir_open_at(walk->root_fd, "."));
	return walk->fd < 0 ? -1 : 0;
}

/* The link's target, followed by the rest of the path. */
static int
follow(struct walk *walk, const char *name)
{
	char target[PATH_LIMIT_BYTES];
	ssize_t size = readlinkat(walk->fd, name, target, sizeof(target));
	char *rest;

	if (size < 0)
		return -1;
	errno = ++walk->links > LINKS_LIMIT_COUNT ? ELOOP : ENAMETOOLONG;
	if (walk->links > LINKS_LIMIT_COUNT || (size_t)size == sizeof(target) ||
	    (size_t)size + strlen(walk->rest) + 1 >= PATH_LIMIT_BYTES)
		return -1;
	rest = xasprintf("%.*s/%s", (int)size, target, walk->rest);
	free(walk->rest);
	walk->rest = rest;
	return *target == '/' ? go_root(walk) : 0;
}

static int
make(struct walk *walk, const char *name, int errnum)
{
	AUTO_FREE char *path = NULL;

	errno = errnum;
	if (!walk->maker)
		return -1;
	path = walk->done_length > 0 ? xasprintf("%s/%s", walk->done, name) : xstrdup(name);
	if (walk->maker->make(walk->maker->context, walk->fd, name, path) < 0)
		return -1;
	return dir_open_at(walk->fd, name);
}

static int
go_down(struct walk *walk, const char *name)
{
	char byte;
	int fd = dir_open_at(walk->fd, name);
	int errnum = errno;
	size_t size;

	/* ELOOP or, with O_DIRECTORY, ENOTDIR. */
	if (fd < 0 && readlinkat(walk->fd, name, &byte, 1) >= 0)
		return follow(walk, name);
	if (fd < 0)
		fd = make(walk, name, errnum);
	if (fd < 0)
		return -1;
	move_to(walk, fd);
	size = strlen(name);
	if (walk->done_length + size + 2 > sizeof(walk->done)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (walk->done_length > 0)
		walk->done[walk->done_length++] = '/';
	memcpy(walk->done + walk->done_length, name, size + 1);
	walk->done_length += size;
	return 0;
}

static int
step(struct walk *walk)
{
	size_t size = strcspn(walk->rest, "/");
	AUTO_FREE char *name = xstrndup(walk->rest, size);
	char *left = xstrdup(walk->rest + size + strspn(walk->rest + size, "/"));

	free(walk->rest);
	walk->rest = left;
	if (size == 0 || strcmp(name, ".") == 0)
		return 0;
	return strcmp(name, "..") == 0 ? go_up(walk) : go_down(walk, name);
}

static int
open_by_walk(const struct beneath *beneath, const char *path, const struct beneath_maker *maker)
{
	struct walk walk = { .root_fd = beneath->root_fd, .fd = -1, .maker = maker };
	int ret = go_root(&walk);
	int errnum;

	walk.rest = xstrdup(path);
	while (ret == 0 && *walk.rest)
		ret = step(&walk);
	errnum = errno;
	free(walk.rest);
	if (ret < 0)
		close_at(&walk.fd);
	errno = errnum;
	return ret < 0 ? -1 : walk.fd;
}

int
beneath_open(struct beneath *beneath, const char *path, const struct beneath_maker *maker)
{
	int fd = -1;

	if (!*path)
		return dir_open_at(beneath->root_fd, ".");
	if (!beneath->walk)
		fd = open_in_root(beneath, path);
	/* Some seccomp filters answer EPERM for unknown system calls. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		beneath->walk = true;
	if (fd >= 0 || (!beneath->walk && !maker))
		return fd;
	return open_by_walk(beneath, path, maker);
}
