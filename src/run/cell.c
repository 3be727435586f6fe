#include "run/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
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
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/xalloc.h"
#include "run/cell_answer.h"
#include "run/user_map.h"

static const int signals_passed[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, 0
};
static const int shell_signal_base = 128;
static const int64_t timeout_grace_ms = 500; /* between SIGTERM and SIGKILL */

static void
fill_signals(sigset_t *signals)
{
	sigemptyset(signals);
	for (const int *number = signals_passed; *number; number++)
		sigaddset(signals, *number);
	sigaddset(signals, SIGCHLD);
	sigaddset(signals, SIGWINCH);
}

static int
shell_status(int status)
{
	return WIFSIGNALED(status) ? shell_signal_base + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reaps what has ended; true when the one was among it. */
static bool
reap(pid_t pid, int *ret_status)
{
	bool ended = false;
	pid_t reaped;
	int status;

	while ((reaped = waitpid(-1, &status, WNOHANG)) > 0) {
		if (reaped == pid) {
			*ret_status = shell_status(status);
			ended = true;
		}
	}
	return ended;
}

int
cell_wait(pid_t pid, pid_t (*signalled)(pid_t pid))
{
	sigset_t signals;
	int status = 0;

	fill_signals(&signals);
	while (!reap(pid, &status)) {
		int number = sigwaitinfo(&signals, NULL);
		pid_t target = signalled ? signalled(pid) : pid;

		if (number > 0 && number != SIGCHLD && number != SIGWINCH && target > 0)
			(void)kill(target, number);
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
set_up(const struct cell *cell, struct error **err)
{
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_set_errno(err, errno, "cannot make mounts private");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
		error_set_errno(err, errno, "cannot mount '/proc'");
		return error_set_hint(err, "in a container, /proc must not be masked");
	}
	if (cell->hostname && sethostname(cell->hostname, strlen(cell->hostname)) < 0)
		return error_set_errno(err, errno, "cannot set the host name");
	return cell->own_network ? bring_up_loopback(err) : 0;
}

/* The keeper's death is ours; when it came too early for that, ocifp is gone too. */
static void
die_with_keeper(int life_fd)
{
	struct pollfd life = { .fd = life_fd };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&life, 1, 0) > 0)
		_exit(1);
}

static void __attribute__((noreturn)) be_cell(const struct cell *cell, int answer_fd, int life_fd)
{
	AUTO_ERROR struct error *error = NULL;
	int status;

	die_with_keeper(life_fd);
	/* Memory and descriptors of ours are nothing for the job. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (set_up(cell, &error) < 0)
		status = -1;
	else
		status = cell->main(cell->context, &error);
	answer_send(answer_fd, status, error);
	_exit(0);
}

static int
hint_at_remedy(struct error **err)
{
	error_set_class(err, "no_userns");
	return error_set_hint(err, "an administrator can allow them: sysctl "
				   "user.max_user_namespaces, on Ubuntu the AppArmor profile in "
				   "contrib/apparmor; 'ocifp doctor' says which");
}

static int
refuse_namespaces(struct error **err)
{
	error_set_errno(err, errno, "user namespaces are refused");
	return hint_at_remedy(err);
}

static int
become_root(const struct id_map *map, struct error **err)
{
	if (map->kind != ID_MAP_OWN && setgroups(0, NULL) < 0)
		return refuse_namespaces(err);
	return setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ? refuse_namespaces(err) : 0;
}

static int
enter_namespaces(const struct cell *cell, pid_t parent_pid, int answer_fd, int map_fd,
		 struct error **err)
{
	int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
	char byte;

	if (unshare(CLONE_NEWUSER) < 0)
		return refuse_namespaces(err);
	answer_ready(answer_fd);
	if (read(map_fd, &byte, 1) != 1)
		_exit(1);
	if (become_root(cell->map, err) < 0)
		return -1;
	/* Becoming somebody else has made the kernel forget it. */
	die_with(parent_pid);
	if (unshare(flags | (cell->own_network ? CLONE_NEWNET : 0)) < 0)
		return refuse_namespaces(err);
	return 0;
}

static void __attribute__((noreturn))
be_keeper(const struct cell *cell, pid_t parent_pid, int answer_fd, int map_fd)
{
	AUTO_ERROR struct error *error = NULL;
	pid_t pid;

	/* What a terminal sends to its foreground comes by way of ocifp, once. */
	(void)setsid();
	die_with(parent_pid);
	if (enter_namespaces(cell, parent_pid, answer_fd, map_fd, &error) < 0) {
		answer_send(answer_fd, -1, error);
		_exit(1);
	}
	pid = fork();
	if (pid == 0)
		be_cell(cell, answer_fd, map_fd);
	if (pid < 0)
		error_set_errno(&error, errno, "cannot start a process");
	if (error)
		answer_send(answer_fd, -1, error);
	(void)close(answer_fd);
	_exit(pid < 0 ? 1 : cell_wait(pid, NULL));
}

/* What ocifp itself holds while all of this runs. */
struct watch {
	struct cell *cell;
	pid_t pid; /* the keeper */
	int signal_fd;
	int answer_fd;
	int64_t kill_ms; /* when a job past its deadline is killed; 0: not yet */
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
	else if (watch->cell->watch)
		watch->cell->watch(watch->cell->context, -1);
}

/* The job may end in its own way; then it is killed. */
static int
pause_until_deadline(struct watch *watch)
{
	int64_t deadline_ms = watch->cell->deadline_ms;

	if (!deadline_ms)
		return -1;
	if (deadline_left_ms(deadline_ms, 1) > 0)
		return deadline_left_ms(deadline_ms, INT32_MAX);
	if (!watch->kill_ms) {
		watch->kill_ms = deadline_after_ms(timeout_grace_ms);
		(void)kill(watch->pid, SIGTERM);
	}
	if (deadline_left_ms(watch->kill_ms, 1) == 0)
		(void)kill(watch->pid, SIGKILL);
	return deadline_left_ms(watch->kill_ms, INT32_MAX) + 1;
}

static void
watch_once(struct watch *watch)
{
	const struct cell *cell = watch->cell;
	struct pollfd polls[] = {
		{ .fd = watch->signal_fd, .events = POLLIN },
		{ .fd = cell->watch_fds[0], .events = POLLIN },
		{ .fd = cell->watch_fds[1], .events = POLLIN },
	};

	if (poll(polls, 3, pause_until_deadline(watch)) <= 0)
		return;
	for (int i = 1; i < 3; i++)
		if (polls[i].revents)
			cell->watch(cell->context, polls[i].fd);
	if (polls[0].revents)
		handle_signal(watch);
}

static int
watch_to_end(struct watch *watch, int *ret_status, struct error **err)
{
	while (!watch->ended)
		watch_once(watch);
	if (watch->kill_ms)
		return error_set(err, ERROR_TIMEOUT, "the time given by --timeout has passed");
	return answer_receive(watch->answer_fd, shell_status(watch->status), ret_status, err);
}

/* Reads why it could not, or that its maps are wanted. */
static int
map_keeper(struct watch *watch, int map_fd, struct error **err)
{
	if (answer_await_ready(watch->answer_fd, err) < 0)
		return -1;
	if (watch->cell->started)
		watch->cell->started(watch->cell->context, watch->pid);
	if (user_map_write(watch->cell->map, watch->pid, err) < 0)
		return hint_at_remedy(err);
	if (write(map_fd, "", 1) != 1)
		return error_set_errno(err, errno, "cannot start the job");
	return 0;
}

static void
end_keeper(struct watch *watch)
{
	if (watch->ended || watch->pid <= 0)
		return;
	(void)kill(watch->pid, SIGKILL);
	(void)waitpid(watch->pid, NULL, 0);
}

static void
watch_release(struct watch *watch)
{
	end_keeper(watch);
	close_at(&watch->signal_fd);
	close_at(&watch->answer_fd);
}

static int
start_keeper(struct watch *watch, int *ret_map_fd, struct error **err)
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
		(void)close(map[1]);
		(void)close(answer[0]);
		be_keeper(watch->cell, parent_pid, their_answer_fd, their_map_fd);
	}
	return watch->pid < 0 ? error_set_errno(err, errno, "cannot start a process") : 0;
}

static int
run(struct watch *watch, int *ret_status, struct error **err)
{
	AUTO_CLOSE int map_fd = -1;

	if (start_keeper(watch, &map_fd, err) < 0 || map_keeper(watch, map_fd, err) < 0)
		return -1;
	return watch_to_end(watch, ret_status, err);
}

int
cell_run(struct cell *cell, int *ret_status, struct error **err)
{
	CLEANUP(watch_release)
	struct watch watch = { .cell = cell, .signal_fd = -1, .answer_fd = -1 };
	sigset_t signals;
	sigset_t before;
	int result = -1;

	fill_signals(&signals);
	(void)sigprocmask(SIG_BLOCK, &signals, &before);
	watch.signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (watch.signal_fd < 0)
		error_set_errno(err, errno, "cannot watch for signals");
	else
		result = run(&watch, ret_status, err);
	end_keeper(&watch);
	watch.pid = 0;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}
