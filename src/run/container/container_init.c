#include "run/container/container_private.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "run/container/container_answer.h"
#include "sandbox/id_map.h"
#include "sandbox/userns.h"

static const int signals_passed[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, 0
};
static const int shell_signal_base = 128;

/* Who blocks a signal is sent it even where it is ignored. */
static bool
is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void
container_fill_signals(sigset_t *signals)
{
	sigemptyset(signals);
	for (const int *number = signals_passed; *number; number++)
		if (!is_ignored(*number))
			sigaddset(signals, *number);
	sigaddset(signals, SIGNAL_KILLS);
	sigaddset(signals, SIGCHLD);
	sigaddset(signals, SIGWINCH);
}

int
container_shell_status(int status)
{
	return WIFSIGNALED(status) ? shell_signal_base + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reaps what has ended, up to that one: true when it was among it. */
static bool
reap(pid_t pid, int *ret_status)
{
	pid_t reaped;
	int status;

	while ((reaped = waitpid(-1, &status, WNOHANG)) > 0) {
		if (reaped == pid) {
			*ret_status = container_shell_status(status);
			return true;
		}
	}
	return false;
}

/* A stopped process takes a signal when it goes on. */
static void
pass_on(int number, pid_t target)
{
	(void)kill(target, number == SIGNAL_KILLS ? SIGKILL : number);
	if (number == SIGTERM || number == SIGHUP)
		(void)kill(target, SIGCONT);
}

int
container_wait(pid_t pid, const struct container_job *job)
{
	static const struct timespec tick = { .tv_nsec = 500000000 };
	sigset_t signals;
	int status = 0;
	int waiting = 0; /* for a job that can be given no signal yet */

	container_fill_signals(&signals);
	while (!reap(pid, &status)) {
		int number = sigtimedwait(&signals, NULL, job ? &tick : NULL);
		pid_t target;

		if (number > 0 && number != SIGCHLD && number != SIGWINCH)
			waiting = number;
		target = waiting == 0 ? -1 : job ? job->find() : pid;
		if (target > 0) {
			pass_on(waiting, target);
			waiting = 0;
		}
		if (number < 0 && job)
			job->tick();
	}
	return status;
}

/* Not to outlive the parent; it may be gone before we could say so. */
static void
die_with(pid_t parent_pid)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent_pid)
		_exit(1);
}

static int
bring_up_loopback(struct error **err)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return error_set_errno(err, errno, "cannot bring up the loopback interface");
	return 0;
}

static int
set_up(const struct container *container, struct error **err)
{
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_set_errno(err, errno, "cannot make mounts private");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
		error_set_errno(err, errno, "cannot mount '/proc'");
		return error_set_hint(err, "in a container, /proc must not be masked");
	}
	if (container->hostname &&
	    sethostname(container->hostname, strlen(container->hostname)) < 0)
		return error_set_errno(err, errno, "cannot set the host name");
	return container->own_network ? bring_up_loopback(err) : 0;
}

/* The monitor's death is ours; when it came too early for that, ocifp is gone too. */
static void
die_with_monitor(int life_fd)
{
	struct pollfd life = { .fd = life_fd };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&life, 1, 0) > 0)
		_exit(1);
}

static void __attribute__((noreturn))
be_init(const struct container *container, int answer_fd, int life_fd)
{
	AUTO_ERROR struct error *error = NULL;
	int status;

	die_with_monitor(life_fd);
	/* Memory and descriptors of ours are nothing for the job. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (set_up(container, &error) < 0)
		status = -1;
	else
		status = container->main(container->context, &error);
	container_answer_send(answer_fd, status, error);
	_exit(0);
}

static int
become_root(const struct id_map *map, struct error **err)
{
	if (map->kind != ID_MAP_OWN && setgroups(0, NULL) < 0)
		return userns_refuse(errno, err);
	return setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ? userns_refuse(errno, err) : 0;
}

static int
enter_namespaces(const struct container *container, pid_t parent_pid, int answer_fd, int map_fd,
		 struct error **err)
{
	int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
	char byte;

	if (unshare(CLONE_NEWUSER) < 0)
		return userns_refuse(errno, err);
	container_answer_ready(answer_fd);
	if (read(map_fd, &byte, 1) != 1)
		_exit(1);
	if (become_root(container->map, err) < 0)
		return -1;
	/* Becoming somebody else has made the kernel forget it. */
	die_with(parent_pid);
	if (unshare(flags | (container->own_network ? CLONE_NEWNET : 0)) < 0)
		return userns_refuse(errno, err);
	return 0;
}

void
container_monitor(const struct container *container, pid_t parent_pid, int answer_fd, int map_fd)
{
	AUTO_ERROR struct error *error = NULL;
	pid_t pid;

	/* What a terminal sends to its foreground comes by way of ocifp, once. */
	(void)setsid();
	die_with(parent_pid);
	if (enter_namespaces(container, parent_pid, answer_fd, map_fd, &error) < 0) {
		container_answer_send(answer_fd, -1, error);
		_exit(1);
	}
	pid = fork();
	if (pid == 0)
		be_init(container, answer_fd, map_fd);
	if (pid < 0)
		error_set_errno(&error, errno, "cannot start a process");
	if (error)
		container_answer_send(answer_fd, -1, error);
	/* What it has in common with ocifp and the container is theirs to hold and to close. */
	(void)syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, 0);
	_exit(pid < 0 ? 1 : container_wait(pid, NULL));
}
