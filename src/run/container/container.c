/* SPDX-License-Identifier: Apache-2.0 */
#include "run/container/container.h"

#include <errno.h>
#include <fcntl.h>
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
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/compat.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"
#include "run/container/container_answer.h"
#include "run/container/user_map.h"
#include "sandbox/id_map.h"
#include "sandbox/userns.h"

/* To the monitor: kill the container with everything in it, and wait for it. */
enum { SIGNAL_KILLS = SIGALRM };

/* proc(5), /proc/PID/stat: the addresses of the command line in memory. */
enum { FIELD_ARG_START = 48, FIELD_ARG_END = 49, FIELD_AFTER_NAME = 3 };

static uint64_t
read_field(const char *stat_line, int number)
{
	char copy[KIB];
	uint64_t value = 0;
	char *field;
	char *rest;

	strncpy(copy, stat_line, sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = '\0';
	/* The second field, a name in parentheses, may have any characters. */
	rest = strrchr(copy, ')');
	for (int i = FIELD_AFTER_NAME; rest && i <= number; i++) {
		rest = strchr(rest, ' ');
		if (rest)
			rest++;
	}
	field = rest;
	if (!field)
		return 0;
	field[strcspn(field, " \n")] = '\0';
	return text_parse_uint(field, UINT64_MAX, &value) ? value : 0;
}

void
container_hide_words(void)
{
	AUTO_BUF struct buf buf = BUF_INIT(KIB);
	AUTO_ERROR struct error *unread = NULL;
	uint64_t start;
	uint64_t end;

	if (file_read(AT_FDCWD, "/proc/self/stat", &buf, &unread) < 0 || !buf.data)
		return;
	start = read_field(buf.data, FIELD_ARG_START);
	end = read_field(buf.data, FIELD_ARG_END);
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): an address from the kernel */
	if (start && end > start)
		memset((void *)(uintptr_t)start, 0, end - start);
}

static const int signals_passed[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, 0
};
static const int shell_signal_base = 128;

/* A blocked signal is sent to the process even if it is ignored. */
static bool
is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* The signals that are passed on to a job, except those that we were started to ignore, as by
 * nohup(1); and SIGCHLD and SIGWINCH. */
static void
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

/* The exit status as a shell reports it, from waitpid()'s status. */
static int
container_shell_status(int status)
{
	return WIFSIGNALED(status) ? shell_signal_base + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reaps ended children until `pid` is among them; then returns true. */
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

int
container_wait(pid_t pid, const struct container_job *job)
{
	static const struct timespec tick = { .tv_nsec = 500000000 };
	sigset_t signals;
	int status = 0;
	int waiting = 0; /* for a job that cannot be signalled yet */

	container_fill_signals(&signals);
	while (!reap(pid, &status)) {
		int number = sigtimedwait(&signals, NULL, job ? &tick : NULL);
		pid_t target;

		if (number > 0 && number != SIGCHLD && number != SIGWINCH)
			waiting = number;
		target = waiting == 0 ? -1 : job ? job->find() : pid;
		if (target > 0) {
			/* A stopped process handles a signal once it continues. */
			(void)kill(target, waiting == SIGNAL_KILLS ? SIGKILL : waiting);
			if (waiting == SIGTERM || waiting == SIGHUP)
				(void)kill(target, SIGCONT);
			waiting = 0;
		}
		if (number < 0 && job)
			job->tick();
	}
	return status;
}

/* Ends with its parent, which may have ended before this call. */
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
	if (!container->keeps_proc &&
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
		error_set_errno(err, errno, "cannot mount '/proc'");
		return error_set_hint(err,
				      "in a container, /proc must not be masked; 'ocifp run "
				      "--isolation chroot' does without, for a job that you trust");
	}
	if (container->hostname &&
	    sethostname(container->hostname, strlen(container->hostname)) < 0)
		return error_set_errno(err, errno, "cannot set the host name");
	return container->own_network ? bring_up_loopback(err) : 0;
}

static void __attribute__((noreturn))
be_init(const struct container *container, int answer_fd, int life_fd)
{
	AUTO_ERROR struct error *error = NULL;
	int status;
	struct pollfd life = { .fd = life_fd };

	/* Ends with the monitor; if that ended before this call, ocifp is gone too. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&life, 1, 0) > 0)
		_exit(1);
	/* The job must not see our memory and descriptors. */
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
	/* The job could find it in a /proc of ours, too. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	/* The kernel clears this when the user changes. */
	die_with(parent_pid);
	if (unshare(flags | (container->own_network ? CLONE_NEWNET : 0)) < 0)
		return userns_refuse(errno, err);
	return 0;
}

/* The forked process: makes the namespaces and their first process.  It reports on `answer_fd`, and
 * continues when a byte comes from `map_fd`, whose other end is open as long as ocifp lives. */
static void
container_monitor(const struct container *container, pid_t parent_pid, int answer_fd, int map_fd)
{
	AUTO_ERROR struct error *error = NULL;
	pid_t pid;

	/* Signals of the terminal reach the foreground group; ocifp passes them on, once. */
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
	/* Descriptors shared with ocifp and the container are theirs to hold and close. */
	(void)syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, 0);
	_exit(pid < 0 ? 1 : container_wait(pid, NULL));
}

/* A job that runs out of time gets this signal and this long to end.  After the monitor was killed,
 * only the kernel ends the container, and we cannot wait for that: the last resort. */
static const struct ending {
	int number;
	int64_t grace_ms;
} endings[] = { { SIGTERM, 500 }, { SIGNAL_KILLS, 10000 }, { SIGKILL, INT32_MAX } };
enum { ENDINGS_COUNT = COUNT_OF(endings) };

/* ocifp's own state while the job runs. */
struct watch {
	struct container *container;
	pid_t pid; /* the monitor */
	int signal_fd;
	int answer_fd;
	int64_t due_ms; /* for the next escalation; 0: none */
	unsigned ending_count;
	int status;
	bool ended;
};

static void
handle_signal(struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		watch->ended = waitpid(watch->pid, &watch->status, WNOHANG) == watch->pid;
	else if (info.ssi_signo != SIGWINCH)
		(void)kill(watch->pid, (int)info.ssi_signo);
	else if (watch->container->watch)
		watch->container->watch(watch->container->context, true);
}

static int
pause_until_deadline(struct watch *watch)
{
	if (!watch->due_ms)
		return -1;
	if (deadline_left_ms(watch->due_ms, 1) == 0 && watch->ending_count < ENDINGS_COUNT) {
		const struct ending *ending = &endings[watch->ending_count++];

		(void)kill(watch->pid, ending->number);
		watch->due_ms = deadline_after_ms(ending->grace_ms);
	}
	return deadline_left_ms(watch->due_ms, INT32_MAX);
}

static int
watch_to_end(struct watch *watch, int *ret_status, struct error **err)
{
	while (!watch->ended) {
		struct container *container = watch->container;
		size_t watched_size = container->watched_count * sizeof(*container->watched);
		struct pollfd polls[1 + CONTAINER_WATCHED_LIMIT];

		polls[0] = (struct pollfd){ .fd = watch->signal_fd, .events = POLLIN };
		memcpy(polls + 1, container->watched, watched_size);
		if (poll(polls, 1 + container->watched_count, pause_until_deadline(watch)) > 0) {
			memcpy(container->watched, polls + 1, watched_size);
			if (container->watched_count > 0)
				container->watch(container->context, false);
			if (polls[0].revents)
				handle_signal(watch);
		}
	}
	if (watch->ending_count > 0)
		return error_set(err, ERROR_TIMEOUT, "the time given by --timeout has passed");
	return container_answer_receive(watch->answer_fd, container_shell_status(watch->status),
					ret_status, err);
}

static void
end_monitor(struct watch *watch)
{
	if (watch->ended || watch->pid <= 0)
		return;
	(void)kill(watch->pid, SIGKILL);
	(void)waitpid(watch->pid, NULL, 0);
}

static void
watch_release(struct watch *watch)
{
	end_monitor(watch);
	close_at(&watch->signal_fd);
	close_at(&watch->answer_fd);
}

static int
start_monitor(struct watch *watch, int *ret_map_fd, struct error **err)
{
	pid_t parent_pid = getpid();
	AUTO_CLOSE int their_answer_fd = -1;
	AUTO_CLOSE int their_map_fd = -1;
	int answer[2];
	int map[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, answer) < 0)
		return error_set_errno(err, errno, "cannot make a socket");
	watch->answer_fd = answer[0];
	their_answer_fd = answer[1];
	if (pipe2(map, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "cannot make a pipe");
	their_map_fd = map[0];
	*ret_map_fd = map[1];
	watch->pid = fork();
	if (watch->pid == 0) {
		/* The maps belong to the user again, who writes them. */
		(void)prctl(PR_SET_DUMPABLE, 1);
		(void)close(map[1]);
		(void)close(answer[0]);
		container_monitor(watch->container, parent_pid, their_answer_fd, their_map_fd);
	}
	return watch->pid < 0 ? error_set_errno(err, errno, "cannot start a process") : 0;
}

static int
run(struct watch *watch, int *ret_status, struct error **err)
{
	AUTO_CLOSE int map_fd = -1;

	if (start_monitor(watch, &map_fd, err) < 0)
		return -1;
	/* Reads the failure, or the request for id maps. */
	if (container_answer_await_ready(watch->answer_fd, err) < 0)
		return -1;
	if (watch->container->started)
		watch->container->started(watch->container->context, watch->pid);
	if (user_map_write(watch->container->map, watch->pid, err) < 0)
		return error_set_class(err, CLASS_NO_USERNS);
	if (write(map_fd, "", 1) != 1)
		return error_set_errno(err, errno, "cannot start the job");
	return watch_to_end(watch, ret_status, err);
}

int
container_run(struct container *container, int *ret_status, struct error **err)
{
	CLEANUP(watch_release)
	struct watch watch = {
		.container = container,
		.signal_fd = -1,
		.answer_fd = -1,
		.due_ms = container->deadline_ms,
	};
	sigset_t signals;
	sigset_t before;
	int result = -1;

	container_fill_signals(&signals);
	(void)pthread_sigmask(SIG_BLOCK, &signals, &before);
	watch.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (watch.signal_fd < 0)
		error_set_errno(err, errno, "cannot watch for signals");
	else
		result = run(&watch, ret_status, err);
	end_monitor(&watch);
	watch.pid = 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}
