#include "run/container/cgroup_scope.h"

#include <fcntl.h>
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
#include "base/spawn.h"
#include "base/xalloc.h"
#include "run/container/cgroup_private.h"

static const int manager_ms = 5000; /* it answers at once; one that hangs holds up no job */
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

/* The manager has answered before it moves us. */
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

/* A group with members hands no controller on, so we go one further down. */
void
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
