/* SPDX-License-Identifier: Apache-2.0 */
#include "run/container/user_map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "sandbox/userns.h"

static int
write_proc(pid_t pid, const char *name, const char *text, struct error **err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/%s", pid, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set_path(err, errno, "open", path);
	return fd_write_all(fd, text, strlen(text), path, err);
}

static int
write_ranges(pid_t pid, const char *name, const struct id_ranges *ranges, struct error **err)
{
	AUTO_STRINGS struct strings lines = { 0 };
	AUTO_FREE char *text = NULL;

	for (size_t i = 0; i < ranges->count; i++) {
		const struct id_range *range = &ranges->items[i];

		strings_take(&lines, xasprintf("%" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
					       range->inside, range->outside, range->count));
	}
	text = strings_join(&lines, "");
	return write_proc(pid, name, text, err);
}

int
user_map_write(const struct id_map *map, pid_t pid, struct error **err)
{
	AUTO_FREE char *uids = xasprintf("0 %u 1", geteuid());
	AUTO_FREE char *gids = xasprintf("0 %u 1", getegid());

	switch (map->kind) {
	case ID_MAP_HOST: {
		/* One less than all ids, because runc does not recognise a full map as a user
		 * namespace. */
		static const char all[] = "0 0 4294967294";

		if (write_proc(pid, "uid_map", all, err) < 0)
			return -1;
		return write_proc(pid, "gid_map", all, err);
	}
	case ID_MAP_RANGES:
		if (geteuid() != 0)
			return id_map_write(map, pid, err);
		/* Root does not need newuidmap(1), which may not be installed. */
		if (write_ranges(pid, "uid_map", &map->uids, err) < 0)
			return -1;
		return write_ranges(pid, "gid_map", &map->gids, err);
	case ID_MAP_OWN:
		break;
	}
	if (write_proc(pid, "setgroups", "deny", err) < 0 ||
	    write_proc(pid, "uid_map", uids, err) < 0)
		return -1;
	return write_proc(pid, "gid_map", gids, err);
}

/* Reports its result, and keeps the namespace until it is told to end. */
static void __attribute__((noreturn)) hold_namespace(int fd)
{
	int errnum = unshare(CLONE_NEWUSER) < 0 ? errno : 0;

	/* Its maps are ours to write. */
	(void)prctl(PR_SET_DUMPABLE, 1);
	if (write(fd, &errnum, sizeof(errnum)) != sizeof(errnum) || read(fd, &errnum, 1) != 0)
		_exit(1);
	_exit(0);
}

static int
open_held(const struct id_map *map, pid_t pid, int fd, struct error **err)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/ns/user", pid);
	AUTO_CLOSE int userns_fd = -1;
	int errnum;

	if (read(fd, &errnum, sizeof(errnum)) != sizeof(errnum))
		errnum = EIO;
	if (errnum)
		return userns_refuse(errnum, err);
	if (user_map_write(map, pid, err) < 0)
		return error_set_class(err, CLASS_NO_USERNS);
	userns_fd = open(path, O_RDONLY | O_CLOEXEC);
	return userns_fd < 0 ? error_set_path(err, errno, "open", path) : TAKE_FD(userns_fd);
}

int
user_map_open(const struct id_map *map, struct error **err)
{
	int ends[2];
	pid_t pid;
	int result;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_set_errno(err, errno, "cannot make a socket");
	pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		hold_namespace(ends[1]);
	}
	(void)close(ends[1]);
	result = pid < 0 ? error_set_errno(err, errno, "cannot start a process")
			 : open_held(map, pid, ends[0], err);
	(void)close(ends[0]);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	return result;
}

bool
user_map_has(const struct id_map *map, uid_t uid, gid_t gid)
{
	switch (map->kind) {
	case ID_MAP_HOST:
		return true;
	case ID_MAP_RANGES:
		return id_ranges_has(&map->uids, uid) && id_ranges_has(&map->gids, gid);
	case ID_MAP_OWN:
		break;
	}
	return uid == 0 && gid == 0;
}
