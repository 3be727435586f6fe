#include "run/container/user_map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/xalloc.h"

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
write_own(pid_t pid, struct error **err)
{
	AUTO_FREE char *uids = xasprintf("0 %u 1", geteuid());
	AUTO_FREE char *gids = xasprintf("0 %u 1", getegid());

	if (write_proc(pid, "setgroups", "deny", err) < 0 ||
	    write_proc(pid, "uid_map", uids, err) < 0)
		return -1;
	return write_proc(pid, "gid_map", gids, err);
}

/* One less than all there are, or runc takes it for no user namespace. */
static int
write_host(pid_t pid, struct error **err)
{
	static const char all[] = "0 0 4294967294";

	if (write_proc(pid, "uid_map", all, err) < 0)
		return -1;
	return write_proc(pid, "gid_map", all, err);
}

int
user_map_write(const struct id_map *map, pid_t pid, struct error **err)
{
	switch (map->kind) {
	case ID_MAP_HOST:
		return write_host(pid, err);
	case ID_MAP_RANGES:
		return id_map_write(map, pid, err);
	case ID_MAP_OWN:
		break;
	}
	return write_own(pid, err);
}

static bool
has(const struct id_ranges *ranges, uint32_t id)
{
	for (size_t i = 0; i < ranges->count; i++)
		if (id >= ranges->items[i].inside &&
		    id - ranges->items[i].inside < ranges->items[i].count)
			return true;
	return false;
}

bool
user_map_has(const struct id_map *map, uid_t uid, gid_t gid)
{
	switch (map->kind) {
	case ID_MAP_HOST:
		return true;
	case ID_MAP_RANGES:
		return has(&map->uids, uid) && has(&map->gids, gid);
	case ID_MAP_OWN:
		break;
	}
	return uid == 0 && gid == 0;
}
