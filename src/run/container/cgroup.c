#include "run/container/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "run/container/cgroup_private.h"
#include "run/container/cgroup_scope.h"
#include "run/root/root.h"

static const unsigned cpu_period_us = 100000;
static const int removal_tries = 50;
static const int removal_pause_ms = 10;
static const char note_name[] = "cgroups";

struct setting {
	const char *option;
	const char *controller;
	const char *v1_file;
	const char *v2_file;
	const char *v2_also; /* gets the same where it is there; NULL: nothing does */
};

static const struct setting settings[] = {
	/* As much swap again, as podman has it: or a job over its limit is slow and never ends. */
	{ "--memory", "memory", "memory.limit_in_bytes", "memory.max", "memory.swap.max" },
	{ "--cpus", "cpu", "cpu.cfs_quota_us", "cpu.max", NULL },
	{ "--pids", "pids", "pids.max", "pids.max", NULL },
};
enum { SETTINGS_COUNT = sizeof(settings) / sizeof(*settings) };

char *
cgroup_own(const char *controller)
{
	AUTO_BUF struct buf buf = BUF_INIT(64 * KIB);
	AUTO_ERROR struct error *unread = NULL;
	AUTO_FREE char *wanted = xasprintf(":%s:", controller);
	char *rest;
	char *line;

	if (file_read(AT_FDCWD, "/proc/self/cgroup", &buf, &unread) < 0)
		return NULL;
	rest = buf.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		const char *names = strchr(line, ':');

		if (names && strncmp(names, wanted, strlen(wanted)) == 0)
			return xstrdup(names + strlen(wanted));
	}
	return NULL;
}

/* Where a group of that id would be; NULL: nowhere.  The caller owns it. */
static char *
group_path(const struct setting *setting, const char *id, bool *ret_is_v1)
{
	AUTO_FREE char *group = cgroup_own(setting->controller);
	char *slash;

	*ret_is_v1 = group != NULL;
	if (group)
		return xasprintf(CGROUPS "/%s%s/ocifp-%s", setting->controller,
				 strcmp(group, "/") == 0 ? "" : group, id);
	group = cgroup_own("");
	slash = group ? strrchr(group, '/') : NULL;
	if (!slash)
		return NULL;
	*slash = '\0';
	return xasprintf(CGROUPS "%s/ocifp-%s", group, id);
}

/* As the kernel wants it; NULL: no limit.  The caller owns it. */
static char *
value_of(size_t number, const struct job_limits *limits, bool is_v1)
{
	uint64_t quota_us = limits->cpu_thousandths * cpu_period_us / 1000;

	switch (number) {
	case 0:
		return limits->memory_bytes ? xasprintf("%" PRIu64, limits->memory_bytes) : NULL;
	case 1:
		if (!quota_us)
			return NULL;
		return is_v1 ? xasprintf("%" PRIu64, quota_us)
			     : xasprintf("%" PRIu64 " %u", quota_us, cpu_period_us);
	default:
		return limits->pids ? xasprintf("%" PRIu64, limits->pids) : NULL;
	}
}

bool
cgroup_write(const char *folder, const char *name, const char *value)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
}

/* A group has the controllers that each group above it hands on; those that are not ours to change
 * may do so already. */
static void
hand_on(const char *controller, const char *path)
{
	AUTO_FREE char *folder = xstrdup(path);
	AUTO_FREE char *word = xasprintf("+%s", controller);

	for (char *end = folder + strlen(CGROUPS); end; end = strchr(end + 1, '/')) {
		*end = '\0';
		(void)cgroup_write(folder, "cgroup.subtree_control", word);
		*end = '/';
	}
}

static bool
write_v2(const struct setting *setting, const char *path, const char *value)
{
	bool is_set = cgroup_write(path, setting->v2_file, value);

	if (!is_set && errno == ENOENT) {
		hand_on(setting->controller, path);
		is_set = cgroup_write(path, setting->v2_file, value);
	}
	if (is_set && setting->v2_also)
		(void)cgroup_write(path, setting->v2_also, value);
	return is_set;
}

static bool
apply(const struct setting *setting, const char *path, bool is_v1, const char *value,
      struct cgroup *cgroup)
{
	if (!path) {
		errno = ENOENT;
		return false;
	}
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return false;
	if (!strings_has(&cgroup->paths, path))
		strings_add(&cgroup->paths, path);
	return is_v1 ? cgroup_write(path, setting->v1_file, value) : write_v2(setting, path, value);
}

/* For cgroup_remove_left(). */
static int
note(const struct cgroup *cgroup, const struct root *root, struct error **err)
{
	AUTO_BUF struct buf text = BUF_INIT(64 * KIB);

	for (size_t i = 0; i < cgroup->paths.count; i++)
		if (buf_append(&text, cgroup->paths.items[i], strlen(cgroup->paths.items[i]), err) <
			    0 ||
		    buf_append(&text, "\n", 1, err) < 0)
			return -1;
	return text.size > 0 ? root_write(root, note_name, text.data, err) : 0;
}

/* Beside a login session's group a user can make none. */
static void
find_place(const struct root *root)
{
	bool is_v1;
	AUTO_FREE char *path = group_path(&settings[0], root->id, &is_v1);
	char *slash = path ? strrchr(path, '/') : NULL;

	if (!slash || is_v1)
		return;
	*slash = '\0';
	if (access(path, W_OK) < 0 && errno == EACCES)
		scope_enter();
}

static bool
are_any(const struct job_limits *limits)
{
	return limits->memory_bytes || limits->cpu_thousandths || limits->pids;
}

int
cgroup_make(const struct root *root, const struct job_limits *limits, struct observer *observer,
	    struct cgroup *ret_cgroup, struct error **err)
{
	if (are_any(limits))
		find_place(root);
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		bool is_v1;
		AUTO_FREE char *path = group_path(&settings[i], root->id, &is_v1);
		AUTO_FREE char *value = value_of(i, limits, is_v1);

		if (value && !apply(&settings[i], path, is_v1, value, ret_cgroup))
			observer_tell(observer, EVENT_NOTICE,
				      "%s has no effect: control groups refuse it here: %m",
				      settings[i].option);
	}
	return note(ret_cgroup, root, err);
}

void
cgroup_enter(const struct cgroup *cgroup, pid_t pid, struct observer *observer)
{
	AUTO_FREE char *text = xasprintf("%d", pid);

	for (size_t i = 0; i < cgroup->paths.count; i++)
		if (!cgroup_write(cgroup->paths.items[i], "cgroup.procs", text))
			observer_tell(observer, EVENT_NOTICE,
				      "limits have no effect: cannot enter '%s': %m",
				      cgroup->paths.items[i]);
}

/* The last process of a group leaves it a moment after it has ended. */
static void
remove_group(const char *path)
{
	for (int i = 0; i < removal_tries && rmdir(path) < 0 && errno == EBUSY; i++)
		(void)poll(NULL, 0, removal_pause_ms);
}

void
cgroup_remove(struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->paths.count; i++)
		remove_group(cgroup->paths.items[i]);
	strings_release(&cgroup->paths);
	*cgroup = (struct cgroup){ 0 };
}

void
cgroup_remove_left(const struct root *root)
{
	AUTO_BUF struct buf text = BUF_INIT(64 * KIB);
	AUTO_ERROR struct error *unread = NULL;
	char *rest;
	char *line;

	if (file_read(root->fd, note_name, &text, &unread) < 0)
		return;
	rest = text.data;
	while (rest && (line = strsep(&rest, "\n")))
		(void)rmdir(line);
}
