#include "run/container/container_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/error.h"
#include "run/container/container_answer.h"
#include "run/container/user_map.h"

/* What a job whose time is up is told, and how long it has then.  Who kills the monitor leaves the
 * rest to the kernel, and cannot wait for it: only when nothing else helps. */
static const struct ending {
	int number;
	int64_t grace_ms;
} endings[] = { { SIGTERM, 500 }, { SIGNAL_KILLS, 10000 }, { SIGKILL, INT32_MAX } };
enum { ENDINGS_COUNT = sizeof(endings) / sizeof(*endings) };

/* What ocifp itself holds while all of this runs. */
struct watch {
	struct container *container;
	pid_t pid; /* the monitor */
	int signal_fd;
	int answer_fd;
	int64_t due_ms; /* of the next ending; 0: none */
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

static void
watch_once(struct watch *watch)
{
	struct container *container = watch->container;
	size_t watched_size = container->watched_count * sizeof(*container->watched);
	struct pollfd polls[1 + CONTAINER_WATCHED_LIMIT];

	polls[0] = (struct pollfd){ .fd = watch->signal_fd, .events = POLLIN };
	memcpy(polls + 1, container->watched, watched_size);
	if (poll(polls, 1 + container->watched_count, pause_until_deadline(watch)) <= 0)
		return;
	memcpy(container->watched, polls + 1, watched_size);
	if (container->watched_count > 0)
		container->watch(container->context, false);
	if (polls[0].revents)
		handle_signal(watch);
}

static int
watch_to_end(struct watch *watch, int *ret_status, struct error **err)
{
	while (!watch->ended)
		watch_once(watch);
	if (watch->ending_count > 0)
		return error_set(err, ERROR_TIMEOUT, "the time given by --timeout has passed");
	return container_answer_receive(watch->answer_fd, container_shell_status(watch->status),
					ret_status, err);
}

/* Reads why it could not, or that its maps are wanted. */
static int
map_monitor(struct watch *watch, int map_fd, struct error **err)
{
	if (container_answer_await_ready(watch->answer_fd, err) < 0)
		return -1;
	if (watch->container->started)
		watch->container->started(watch->container->context, watch->pid);
	if (user_map_write(watch->container->map, watch->pid, err) < 0)
		return error_set_class(err, "no_userns");
	if (write(map_fd, "", 1) != 1)
		return error_set_errno(err, errno, "cannot start the job");
	return 0;
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
		/* Its maps belong to the user again, who writes them. */
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

	if (start_monitor(watch, &map_fd, err) < 0 || map_monitor(watch, map_fd, err) < 0)
		return -1;
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
