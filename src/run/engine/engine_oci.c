/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "run/container/container.h"
#include "run/engine/bundle.h"
#include "run/engine/job_engine.h"
#include "run/engine/sealed_program.h"
#include "run/job.h"
#include "run/root/mount_calls.h"
#include "run/root/root.h"

/* crun and runc, which share the OCI runtime's command line: create, then start.  In between the
 * engine exits, so the job cannot see any of it; the job becomes a child of the container, which
 * learns its exit status from the kernel. */

/* The engine works in there, because a socket's path may have 107 bytes only. */
#define BUNDLE "bundle/"

/* The remaining environment: nothing that the job could read. */
static const char *const no_environment[] = { NULL };

/* How the engine is started. */
struct call {
	const struct engine_start *start;
	const char *manager;
	int program_fd; /* a sealed copy of the program; -1: none */
};

/* crun makes a read-only clone of itself and executes that, so that no job can change it.  A sealed
 * copy in memory is accepted as such a clone, and saves a tenth of a short job's time. */
static int
spawn_engine(const struct call *call, const char **words, struct spawn_options *options,
	     struct spawn_result *ret_result, struct error **err)
{
	AUTO_FREE char *copy = xasprintf("/proc/self/fd/%d", SPAWN_HELD_FD);
	AUTO_ERROR struct error *refused = NULL;

	options->argv = words;
	if (call->program_fd >= 0) {
		words[0] = copy;
		options->held_fd = call->program_fd;
		if (spawn_run(options, ret_result, &refused) == 0)
			return 0;
		/* A security module may forbid executing memory. */
		options->held_fd = 0;
	}
	words[0] = call->start->program;
	return spawn_run(options, ret_result, err);
}

static int
call_engine(const struct call *call, const char **words, bool with_streams, struct error **err)
{
	const struct engine_start *start = call->start;
	AUTO_FREE char *directory = xasprintf("%s/" BUNDLE, start->root->path);
	struct spawn_options options = {
		.environment = no_environment,
		.directory = directory,
		.inherit_input = with_streams && start->job->interactive,
		.inherit_output = with_streams,
	};
	struct spawn_result result;

	if (spawn_engine(call, words, &options, &result, err) < 0)
		return -1;
	return result.exit_status ? engine_fail(start, BUNDLE "log", err) : 0;
}

static int
create(const struct call *call, struct error **err)
{
	bool terminal = call->start->job->terminal;
	const char *words[] = {
		NULL, /* the program */
		"--root",
		"state",
		"--log",
		"log",
		call->manager,
		"create",
		"--bundle",
		".",
		"--pid-file",
		"pid",
		/* Without a terminal the name is the last word. */
		terminal ? "--console-socket" : "job",
		terminal ? "../console" : NULL,
		"job",
		NULL,
	};

	return call_engine(call, words, !terminal, err);
}

static int
start_job(const struct call *call, struct error **err)
{
	const char *words[] = { NULL,          "--root", "state", "--log", "log",
				call->manager, "start",  "job",   NULL };

	return call_engine(call, words, false, err);
}

static int
read_pid(const struct engine_start *start, pid_t *ret_pid, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(KIB);
	uint64_t pid;

	if (file_read(start->root->fd, BUNDLE "pid", &buf, err) < 0)
		return -1;
	if (!buf.data || !text_parse_uint(buf.data, INT32_MAX, &pid) || pid < 2)
		return engine_fail(start, BUNDLE "log", err);
	*ret_pid = (pid_t)pid;
	return 0;
}

/* An engine makes it read-only itself, but not the mounts below. */
static int
protect_sys(struct error **err)
{
	AUTO_CLOSE int fd = open("/sys", O_PATH | O_CLOEXEC);

	if (fd >= 0 && mount_set_read_only(fd) < 0 && errno != EINVAL)
		return error_set_errno(err, errno, "cannot protect '/sys'");
	return 0;
}

static int
run(const struct call *call, struct error **err)
{
	const struct engine_start *start = call->start;
	AUTO_FREE char *config = bundle_config(start, "../root");
	pid_t pid = 0;

	if (root_write(start->root, BUNDLE "config.json", config, err) < 0 ||
	    create(call, err) < 0 || read_pid(start, &pid, err) < 0 || start_job(call, err) < 0)
		return -1;
	return container_wait(pid, NULL);
}

/* crun does not start with hybrid cgroups, even if told to leave them alone. */
static int
run_crun(const struct engine_start *start, struct error **err)
{
	AUTO_CLOSE int program_fd = sealed_program_copy(start->program);
	const struct call call = { start, "--cgroup-manager=disabled", program_fd };

	if (protect_sys(err) < 0)
		return -1;
	if (mount("tmpfs", "/sys/fs/cgroup", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
		  "mode=755") < 0 &&
	    errno != ENOENT)
		return error_set_errno(err, errno, "cannot hide '/sys/fs/cgroup'");
	return run(&call, err);
}

/* runc creates control groups if it can, and leaves them behind: make that impossible. */
static int
run_runc(const struct engine_start *start, struct error **err)
{
	const struct call call = { start, "--rootless=auto", -1 };

	return protect_sys(err) < 0 ? -1 : run(&call, err);
}

const struct engine engine_crun = { .name = "crun", .run = run_crun, .makes_terminal = true };
const struct engine engine_runc = { .name = "runc", .run = run_runc, .makes_terminal = true };
