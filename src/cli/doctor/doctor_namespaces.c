/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/findings.h"
#include "sandbox/userns.h"

/* Results of a child that tried; errno values, 0 for success. */
struct trial {
	int unshare_errno;
	int map_errno;
	int overlay_errno;
	int proc_errno;
};

static int
write_proc(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return errno;
	return 0;
}

/* Runs in its own mount namespace, so nothing changes outside. */
static int
mount_overlay(void)
{
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/tmp", "tmpfs", 0, NULL) < 0 || mkdir("/tmp/a", 0700) < 0 ||
	    mkdir("/tmp/b", 0700) < 0 || mkdir("/tmp/merged", 0700) < 0 ||
	    mount("none", "/tmp/merged", "overlay", 0, "userxattr,lowerdir=/tmp/a:/tmp/b") < 0)
		return errno;
	return 0;
}

/* The first child is process 1 of the new namespace; its exit status is the errno value. */
static int
mount_proc(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(mount("proc", "/proc", "proc", 0, NULL) < 0 ? errno : 0);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

static struct trial
try_namespaces(void)
{
	unsigned uid = geteuid();
	unsigned gid = getegid();
	struct trial trial = { 0 };
	AUTO_FREE char *uid_map = NULL;
	AUTO_FREE char *gid_map = NULL;
	int errnum;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) < 0) {
		trial.unshare_errno = errno;
		return trial;
	}
	uid_map = xasprintf("0 %u 1", uid);
	gid_map = xasprintf("0 %u 1", gid);
	errnum = write_proc("/proc/self/setgroups", "deny");
	if (!errnum)
		errnum = write_proc("/proc/self/uid_map", uid_map);
	trial.map_errno = errnum ? errnum : write_proc("/proc/self/gid_map", gid_map);
	trial.overlay_errno = mount_overlay();
	trial.proc_errno = mount_proc();
	return trial;
}

/* False if the child could not be started. */
static bool
run_trial(struct trial *ret_trial)
{
	AUTO_CLOSE int read_fd = -1;
	AUTO_CLOSE int write_fd = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	read_fd = ends[0];
	write_fd = ends[1];
	pid = fork();
	if (pid == 0) {
		struct trial trial;

		/* The maps of a process that hides its memory belong to root. */
		(void)prctl(PR_SET_DUMPABLE, 1);
		trial = try_namespaces();
		_exit(write(write_fd, &trial, sizeof(trial)) == sizeof(trial) ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) < 0)
		return false;
	close(TAKE_FD(write_fd));
	return read(read_fd, ret_trial, sizeof(*ret_trial)) == sizeof(*ret_trial);
}

static void
add_namespaces(struct findings *findings, const struct trial *trial)
{
	int errnum = trial->unshare_errno ? trial->unshare_errno : trial->map_errno;
	const char *remedy;

	if (!errnum) {
		findings_add(findings, "user namespaces", FINDING_OK, "work");
		return;
	}
	remedy = userns_remedy();
	findings_add(findings, "user namespaces", FINDING_PROBLEM, "%s; %s",
		     errno_text(errnum).text, remedy ? remedy : "see user_namespaces(7)");
}

/* Without it jobs cannot run. */
static void
add_proc(struct findings *findings, const struct trial *trial)
{
	if (trial->unshare_errno || trial->map_errno) {
		findings_add(findings, "proc", FINDING_NOTE, "not tried");
		return;
	}
	if (trial->proc_errno)
		findings_add(
			findings, "proc", FINDING_PROBLEM,
			"cannot mount '/proc': %s; in a container, /proc must not be masked; "
			"'ocifp run --isolation chroot' does without, for a job that you trust",
			errno_text(trial->proc_errno).text);
	else
		findings_add(findings, "proc", FINDING_OK, "mounts without root");
}

static void
add_overlay(struct findings *findings, const struct trial *trial)
{
	if (trial->unshare_errno) {
		findings_add(findings, "overlay", FINDING_NOTE, "not tried");
		return;
	}
	if (trial->overlay_errno)
		findings_add(findings, "overlay", FINDING_NOTE, "%s; layers are copied instead",
			     errno_text(trial->overlay_errno).text);
	else
		findings_add(findings, "overlay", FINDING_OK, "mounts without root");
}

/* subuid(5): "name:first:count", where the name may be a number. */
static bool
is_line_of(const char *line, const char *name)
{
	size_t size = strlen(name);

	return strncmp(line, name, size) == 0 && line[size] == ':';
}

static unsigned
count_ranges(const char *file, const char *user, const char *uid)
{
	AUTO_BUF struct buf buf = BUF_INIT(MIB);
	AUTO_ERROR struct error *error = NULL;
	unsigned count = 0;
	bool found = false;

	if (file_find(AT_FDCWD, file, &buf, &found, &error) < 0 || !found || !buf.data)
		return 0;
	for (const char *line = buf.data; *line; line += *line == '\n') {
		count += (user && is_line_of(line, user)) || is_line_of(line, uid);
		line += strcspn(line, "\n");
	}
	return count;
}

static void
add_ranges(struct findings *findings, const char *name, const char *file)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const struct passwd *user = getpwuid(getuid());
	AUTO_FREE char *uid = xasprintf("%u", getuid());
	unsigned count = count_ranges(file, user ? user->pw_name : NULL, uid);

	findings_add(findings, name, count ? FINDING_OK : FINDING_NOTE, "%u %s in %s", count,
		     count == 1 ? "range" : "ranges", file);
}

void
doctor_namespaces(struct findings *findings)
{
	struct trial trial = { 0 };

	if (run_trial(&trial)) {
		add_namespaces(findings, &trial);
		add_proc(findings, &trial);
		add_overlay(findings, &trial);
	} else {
		findings_add(findings, "user namespaces", FINDING_NOTE, "was not tried");
	}
	add_ranges(findings, "subuid", "/etc/subuid");
	add_ranges(findings, "subgid", "/etc/subgid");
}
