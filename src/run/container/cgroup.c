/* SPDX-License-Identifier: Apache-2.0 */
#include "run/container/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/deadline.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "run/root/root.h"

#define CGROUPS "/sys/fs/cgroup"

static const uint64_t memory_least_bytes = 4 << 20; /* with less no job can start: as in runc */
static const uint64_t memory_most_bytes = (uint64_t)1 << 60;
static const uint64_t cpus_most = 100000;

static int
refuse(const char *option, const char *text, const char *hint, struct error **err)
{
	error_set(err, ERROR_USAGE, "invalid %s '%s'", option, QUOTED(text));
	return error_set_hint(err, "%s", hint);
}

/* "2", "0.5", "1.25": up to three digits behind the point. */
static bool
parse_cpus(const char *text, uint64_t *ret_thousandths)
{
	const char *point = strchr(text, '.');
	AUTO_FREE char *whole = xstrndup(text, point ? (size_t)(point - text) : strlen(text));
	size_t decimals = point ? strlen(point + 1) : 0;
	uint64_t value;
	uint64_t part = 0;

	if (!text_parse_uint(whole, cpus_most, &value) || decimals > 3 ||
	    (point && !text_parse_uint(point + 1, 999, &part)))
		return false;
	for (; decimals > 0 && decimals < 3; decimals++)
		part *= 10;
	*ret_thousandths = value * 1000 + part;
	return *ret_thousandths >= 10;
}

int
job_limits_parse(const char *memory, const char *cpus, unsigned pids, struct job_limits *ret_limits,
		 struct error **err)
{
	struct job_limits limits = { .pids = pids };

	if (memory &&
	    (!text_parse_size(memory, &limits.memory_bytes) ||
	     limits.memory_bytes < memory_least_bytes || limits.memory_bytes > memory_most_bytes))
		return refuse("--memory", memory,
			      "expected a size of at least 4m, such as 512m or 2g", err);
	if (cpus && !parse_cpus(cpus, &limits.cpu_thousandths))
		return refuse("--cpus", cpus,
			      "expected a number of at least 0.01, such as 2 or 0.5", err);
	*ret_limits = limits;
	return 0;
}

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
	/* Limits swap too, as podman does: otherwise a job over its limit becomes slow instead of
	 * ending. */
	{ "--memory", "memory", "memory.limit_in_bytes", "memory.max", "memory.swap.max" },
	{ "--cpus", "cpu", "cpu.cfs_quota_us", "cpu.max", NULL },
	{ "--pids", "pids", "pids.max", "pids.max", NULL },
};
enum { SETTINGS_COUNT = COUNT_OF(settings) };

/* Our group in that controller's hierarchy ("" for v2): "/user.slice/x"; NULL: none.  The caller
 * owns it. */
static char *
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

/* The path of a group with that id; NULL: none.  The caller owns it. */
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

/* In the kernel's format; NULL: no limit.  The caller owns it. */
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

/* Writes one line to a file of a group; false: see errno. */
static bool
cgroup_write(const char *folder, const char *name, const char *value)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
}

static const int manager_ms =
	5000; /* systemd answers at once; one that hangs must not hold up a job */
static const int look_ms = 10;

static bool
ask_manager(const char *scope, int64_t deadline_ms)
{
	AUTO_FREE char *pid = xasprintf("%d", getpid());
	const char *const argv[] = { "busctl", "--user", "--quiet", "call",
				     "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
				     "org.freedesktop.systemd1.Manager", "StartTransientUnit",
				     "ssa(sv)a(sa(sv))", scope, "fail",
				     /* three properties, each with its type */
				     "3", "PIDs", "au", "1", pid, "Delegate", "b", "true",
				     "CollectMode", "s", "inactive-or-failed",
				     /* no further units */
				     "0", NULL };
	AUTO_BUF struct buf said = BUF_INIT(HELPER_OUTPUT_LIMIT_BYTES);
	struct spawn_options options = { .argv = argv,
					 .messages = &said,
					 .deadline_ms = deadline_ms };
	struct spawn_result result = { 0 };
	AUTO_ERROR struct error *failure = NULL;

	return spawn_run(&options, &result, &failure) == 0 && result.exit_status == 0;
}

/* The manager answers before it has moved us. */
static char *
await_group(const char *scope, int64_t deadline_ms)
{
	do {
		AUTO_FREE char *group = cgroup_own("");
		const char *name = group ? strrchr(group, '/') : NULL;

		if (name && strcmp(name + 1, scope) == 0)
			return TAKE_PTR(group);
		(void)poll(NULL, 0, look_ms);
	} while (deadline_left_ms(deadline_ms, look_ms) > 0);
	return NULL;
}

/* A group with members cannot pass controllers on, so we move one level down. */
static void
scope_enter(void)
{
	int64_t deadline_ms = deadline_after_ms(manager_ms);
	AUTO_FREE char *scope = xasprintf("ocifp-%d.scope", getpid());
	AUTO_FREE char *group = NULL;
	AUTO_FREE char *folder = NULL;

	if (environment_find("XDG_RUNTIME_DIR") && ask_manager(scope, deadline_ms))
		group = await_group(scope, deadline_ms);
	if (!group)
		return;
	folder = xasprintf(CGROUPS "%s/ocifp", group);
	if (mkdir(folder, 0755) == 0)
		(void)cgroup_write(folder, "cgroup.procs", "0");
}

/* A group has the controllers that all groups above it pass on.  Those that we may not change may
 * pass them on already. */
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
apply(const struct setting *setting, const char *path, bool is_v1, const char *value,
      struct cgroup *cgroup)
{
	bool is_set;

	if (!path) {
		errno = ENOENT;
		return false;
	}
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return false;
	if (!strings_has(&cgroup->paths, path))
		strings_add(&cgroup->paths, path);
	if (is_v1)
		return cgroup_write(path, setting->v1_file, value);
	is_set = cgroup_write(path, setting->v2_file, value);
	if (!is_set && errno == ENOENT) {
		hand_on(setting->controller, path);
		is_set = cgroup_write(path, setting->v2_file, value);
	}
	if (is_set && setting->v2_also)
		(void)cgroup_write(path, setting->v2_also, value);
	return is_set;
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

/* A user may not create groups beside a login session's. */
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

int
cgroup_make(const struct root *root, const struct job_limits *limits, struct observer *observer,
	    struct cgroup *ret_cgroup, struct error **err)
{
	if (limits->memory_bytes || limits->cpu_thousandths || limits->pids)
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

void
cgroup_remove(struct cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->paths.count; i++) {
		/* The last process leaves its group a moment after it has ended. */
		for (int j = 0;
		     j < removal_tries && rmdir(cgroup->paths.items[i]) < 0 && errno == EBUSY; j++)
			(void)poll(NULL, 0, removal_pause_ms);
	}
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
