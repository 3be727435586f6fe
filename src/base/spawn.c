/* SPDX-License-Identifier: Apache-2.0 */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/compat.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/path.h"
#include "base/text.h"
#include "base/trace.h"
#include "base/xalloc.h"

enum { LOOK_MS = 1000, SIGNAL_DEPTH = 32 };

static const int shell_not_found = 127;
static const int shell_not_started = 126;
static const int shell_signal_base = 128;

/* While a child runs, a signal that would end this process ends the child first, so that no child
 * keeps working in a directory whose lock we have released.  After the cleanup main() dies by
 * spawn_caught_signal().
 */
static const int ending_signals[] = { SIGHUP, SIGINT, SIGTERM };
enum { ENDING_COUNT = COUNT_OF(ending_signals) };

static volatile sig_atomic_t caught_signal;
static volatile sig_atomic_t caught_count;
static volatile sig_atomic_t
	caught_from_keyboard; /* the terminal sends it to the whole foreground group */

/* The caller's signal dispositions and mask. */
struct signals {
	struct sigaction ending[ENDING_COUNT];
	struct sigaction child;
	sigset_t mask;
	sigset_t open_mask; /* while we wait */
};

int
spawn_caught_signal(void)
{
	return (int)caught_signal;
}

static void
note_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (number == SIGCHLD)
		return; /* The handler exists to interrupt the wait. */
	caught_from_keyboard = info->si_code > 0;
	caught_signal = number;
	caught_count++;
}

static void
signals_take(struct signals *signals)
{
	struct sigaction note = { .sa_sigaction = note_signal, .sa_flags = SA_SIGINFO };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	for (int i = 0; i < ENDING_COUNT; i++)
		sigaddset(&blocked, ending_signals[i]);
	(void)pthread_sigmask(SIG_BLOCK, &blocked, &signals->mask);
	signals->open_mask = signals->mask;
	sigdelset(&signals->open_mask, SIGCHLD);
	(void)sigaction(SIGCHLD, NULL, &signals->child);
	/* If the caller ignores SIGCHLD, the kernel reaps our children; keep that disposition. */
	if (signals->child.sa_handler != SIG_IGN)
		(void)sigaction(SIGCHLD, &note, NULL);
	for (int i = 0; i < ENDING_COUNT; i++) {
		(void)sigaction(ending_signals[i], NULL, &signals->ending[i]);
		if (signals->ending[i].sa_handler != SIG_IGN)
			(void)sigaction(ending_signals[i], &note, NULL);
	}
}

struct child {
	pid_t pid;   /* 0: none, or reaped */
	pid_t guard; /* leads the group; 0: none */
	pid_t group; /* of its own, which its children are in too */
	bool has_group;
	bool inherits_output;
	int theirs[3]; /* the child's ends of its streams; -1: inherited */
	/* our ends; -1: no pipe, or closed */
	int input_fd;
	int output_fd;
	int messages_fd;
	int guard_fd;
	const char *input;
	size_t input_left_bytes;
	struct buf *output;
	struct buf *messages;
};

static void
close_end(int *fd)
{
	close_at(fd);
	*fd = -1;
}

static int
prepare_end(int fd, struct error **err)
{
	int flags;

	if (fd < 0)
		return 0;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_set_errno(err, errno, "cannot prepare a pipe");
	return 0;
}

static bool
is_for_later(int errnum)
{
	return errnum == EAGAIN || errnum == EINTR;
}

/* write() without SIGPIPE, for this thread only: the disposition belongs to the program. */
static ssize_t
write_quietly(int fd, const void *bytes, size_t size)
{
	sigset_t pipe_signal, before, pending;
	bool was_pending;
	ssize_t written;
	int errnum;
	int taken;

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
	written = write(fd, bytes, size);
	errnum = errno;
	/* If the program ignores SIGPIPE, none is pending. */
	if (written < 0 && errnum == EPIPE && !was_pending && sigpending(&pending) == 0 &&
	    sigismember(&pending, SIGPIPE))
		(void)sigwait(&pipe_signal, &taken);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = errnum;
	return written;
}

static void
move_input(struct child *child)
{
	ssize_t written = 0;

	if (child->input_left_bytes > 0)
		written = write_quietly(child->input_fd, child->input, child->input_left_bytes);
	if (written < 0 && is_for_later(errno))
		return;
	if (written > 0) {
		child->input += written;
		child->input_left_bytes -= (size_t)written;
	}
	if (written < 0 || child->input_left_bytes == 0)
		close_end(&child->input_fd);
}

static int
move_output(int *fd, struct buf *buf, struct error **err)
{
	char chunk[16384];
	ssize_t got = read(*fd, chunk, sizeof(chunk));

	if (got < 0 && is_for_later(errno))
		return 0;
	if (got < 0)
		return error_set_errno(err, errno, "cannot read from a pipe");
	if (got == 0)
		close_end(fd);
	return buf_append(buf, chunk, (size_t)got, err);
}

/* poll() with our signals unblocked, so that a signal ends the wait with EINTR. */
static int
wait_for(struct pollfd *fds, nfds_t count, int timeout_ms, const struct signals *signals)
{
	struct timespec timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };

	return ppoll(fds, count, &timeout, &signals->open_mask);
}

/* Moves data of all streams at once: a child may wait for its output to be read before it reads its
 * input, and the reverse.  Returns when all have ended, the deadline has passed, or a signal came.
 */
static int
move_streams(struct child *child, int64_t deadline_ms, const struct signals *signals,
	     struct error **err)
{
	while ((child->input_fd >= 0 || child->output_fd >= 0 || child->messages_fd >= 0) &&
	       !caught_signal) {
		struct pollfd ready[3] = {
			{ .fd = child->input_fd, .events = POLLOUT },
			{ .fd = child->output_fd, .events = POLLIN },
			{ .fd = child->messages_fd, .events = POLLIN },
		};
		int left_ms = deadline_left_ms(deadline_ms, LOOK_MS);
		int count = left_ms > 0 ? wait_for(ready, 3, left_ms, signals) : 0;

		if (left_ms == 0)
			return 0;
		if (count < 0 && errno != EINTR)
			return error_set_errno(err, errno, "cannot wait for a pipe");
		if (count > 0) {
			if (ready[0].revents)
				move_input(child);
			if ((ready[1].revents &&
			     move_output(&child->output_fd, child->output, err) < 0) ||
			    (ready[2].revents &&
			     move_output(&child->messages_fd, child->messages, err) < 0))
				return -1;
		}
	}
	return 0;
}

static void
child_close_theirs(struct child *child)
{
	for (int i = 0; i < 3; i++) {
		close_at(&child->theirs[i]);
		child->theirs[i] = -1;
	}
}

/* A process and its descendants.  One that is started during the search may be missed. */
static void
signal_tree(pid_t pid, int number, unsigned depth)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/task/%d/children", (int)pid, (int)pid);
	FILE *children = depth < SIGNAL_DEPTH ? fopen(path, "re") : NULL;
	int child;

	while (children && fscanf(children, "%d", &child) == 1)
		signal_tree(child, number, depth + 1);
	if (children)
		(void)fclose(children);
	(void)kill(pid, number);
}

static void
child_signal(const struct child *child, int number)
{
	if (child->pid > 0 && child->has_group)
		(void)kill(-child->group, number);
	else if (child->pid > 0)
		signal_tree(child->pid, number, 0);
}

/* Waits for the child, or with WNOHANG only checks.  1: it has ended; 0: it has not; -1 with errno:
 * its status went elsewhere, as it does where SIGCHLD is ignored. */
static int
child_reap(struct child *child, int flags, int *ret_status)
{
	pid_t pid;

	do
		pid = waitpid(child->pid, ret_status, flags);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return 0;
	child->pid = 0;
	return pid < 0 ? -1 : 1;
}

/* Until we end, by kill -9 too, nothing comes through the pipe.  The signals that end us are
 * blocked. */
static _Noreturn void
guard(int pipe_fd)
{
	char byte;

	(void)setpgid(0, 0);
	(void)dup2(pipe_fd, STDIN_FILENO);
	process_close_from(STDIN_FILENO + 1);
	while (read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
		;
	(void)kill(0, SIGKILL);
	_exit(1);
}

/* Makes the child's group, with a process that kills the whole of it when we have ended.  Returns 0
 * or an error number. */
static int
guard_start(struct child *child)
{
	int ends[2];
	int errnum;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return errno;
	child->guard_fd = ends[1];
	child->guard = fork();
	if (child->guard == 0)
		guard(ends[0]);
	errnum = child->guard < 0 ? errno : 0;
	close(ends[0]);
	if (errnum)
		child->guard = 0;
	else
		(void)setpgid(child->guard, child->guard);
	return errnum;
}

static void
guard_end(struct child *child)
{
	if (child->guard > 0) {
		(void)kill(child->guard, SIGKILL);
		while (waitpid(child->guard, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close_end(&child->guard_fd);
}

static void
child_release(struct child *child)
{
	int status;

	child_close_theirs(child);
	close_end(&child->input_fd);
	close_end(&child->output_fd);
	close_end(&child->messages_fd);
	child_signal(child, SIGKILL);
	if (child->pid > 0)
		(void)child_reap(child, 0, &status);
	guard_end(child);
}

static int
open_pipe(int *ret_read_fd, int *ret_write_fd, struct error **err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "cannot make a pipe");
	*ret_read_fd = ends[0];
	*ret_write_fd = ends[1];
	return 0;
}

static int
open_input(struct child *child, const struct spawn_options *options, struct error **err)
{
	if (options->inherit_input)
		return 0;
	if (options->input)
		return open_pipe(&child->theirs[0], &child->input_fd, err);
	child->theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (child->theirs[0] < 0)
		return error_set_errno(err, errno, "cannot open '/dev/null'");
	return 0;
}

static void
add_actions(posix_spawn_file_actions_t *actions, const struct child *child, int directory_fd,
	    int held_fd)
{
	int first_closed = STDERR_FILENO + 1;

	if (child->theirs[0] >= 0)
		posix_spawn_file_actions_adddup2(actions, child->theirs[0], STDIN_FILENO);
	if (!child->inherits_output)
		posix_spawn_file_actions_adddup2(
			actions, child->theirs[1] >= 0 ? child->theirs[1] : STDERR_FILENO,
			STDOUT_FILENO);
	if (child->theirs[2] >= 0)
		posix_spawn_file_actions_adddup2(actions, child->theirs[2], STDERR_FILENO);
	if (directory_fd >= 0)
		posix_spawn_file_actions_addfchdir_np(actions, directory_fd);
	if (held_fd > 0) {
		posix_spawn_file_actions_adddup2(actions, held_fd, SPAWN_HELD_FD);
		while (first_closed < SPAWN_HELD_FD)
			posix_spawn_file_actions_addclose(actions, first_closed++);
		first_closed++;
	}
	/* Descriptors inherited from our parent may lack close-on-exec. */
	spawn_close_from(actions, first_closed);
}

/* Returns 0 or an error number. */
int
spawn_errnum(int errnum)
{
	return errnum == EPERM && (errno == EAGAIN || errno == ENOMEM) ? errno : errnum;
}

static int
start(struct child *child, const struct spawn_options *options, int directory_fd)
{
	short flags;
	sigset_t signals;
	char *const *argv = (char *const *)(uintptr_t)options->argv;
	char *const *environment = (char *const *)(uintptr_t)options->environment;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int errnum;

	/* Who answers us within a time may wait on a network for it, long after we have ended. */
	if (child->has_group && options->output && options->deadline_ms) {
		errnum = guard_start(child);
		if (errnum)
			return errnum;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	add_actions(&actions, child, directory_fd, options->held_fd);
	flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | SPAWN_CLOSES;
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attributes, &signals);
	sigaddset(&signals, SIGPIPE);
	sigaddset(&signals, SIGXFSZ);
	posix_spawnattr_setsigdefault(&attributes, &signals);
	if (child->has_group)
		flags |= POSIX_SPAWN_SETPGROUP;
	posix_spawnattr_setpgroup(&attributes, child->guard);
	posix_spawnattr_setflags(&attributes, flags);
	errno = 0;
	errnum = spawn_errnum(posix_spawnp(&child->pid, argv[0], &actions, &attributes, argv,
					   environment ? environment : environ));
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (errnum)
		child->pid = 0;
	child->group = child->guard ? child->guard : child->pid;
	child_close_theirs(child);
	return errnum;
}

static int
start_failed(int errnum, const char *program, struct spawn_result *ret_result, struct error **err)
{
	switch (errnum) {
	case EAGAIN:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		return error_set_path(err, errnum, "start", program);
	case ENOENT:
		*ret_result = (struct spawn_result){ .exit_status = shell_not_found };
		return 0;
	default:
		*ret_result = (struct spawn_result){ .exit_status = shell_not_started };
		return 0;
	}
}

/* As child_reap(), but also 0 when the deadline has passed or a signal came: a program may close
 * its streams long before it ends. */
static int
wait_until(struct child *child, int64_t deadline_ms, const struct signals *signals, int *ret_status)
{
	sig_atomic_t before = caught_count;
	int ended;

	while ((ended = child_reap(child, WNOHANG, ret_status)) == 0 && caught_count == before) {
		int left_ms = deadline_left_ms(deadline_ms, LOOK_MS);

		if (left_ms == 0)
			return 0;
		/* SIGCHLD ends the wait; if another thread got it, the timeout does. */
		(void)wait_for(NULL, 0, left_ms, signals);
	}
	return ended;
}

/* Sends the signal on, waits INTERRUPT_GRACE_MS or until another signal comes, then kills the child
 * and its descendants. */
static int
stop(struct child *child, const struct spawn_options *options, const struct signals *signals,
     struct error **err)
{
	int status;

	if (child->has_group || !caught_from_keyboard)
		child_signal(child, (int)caught_signal);
	(void)wait_until(child, deadline_after_ms(INTERRUPT_GRACE_MS), signals, &status);
	if (child->has_group)
		(void)kill(-child->group, SIGKILL);
	child_signal(child, SIGKILL);
	error_set(err, ERROR_FAILURE, "'%s' was stopped: ocifp received %s",
		  QUOTED(options->argv[0]),
		  caught_signal == SIGINT   ? "SIGINT"
		  : caught_signal == SIGHUP ? "SIGHUP"
					    : "SIGTERM");
	return error_set_class(err, CLASS_SIGNAL);
}

static int
run_to_end(struct child *child, const struct spawn_options *options, const struct signals *signals,
	   struct spawn_result *ret_result, struct error **err)
{
	int64_t deadline_ms = options->deadline_ms ? options->deadline_ms : DEADLINE_NEVER;
	int status = 0;
	int ended = 0;
	bool timed_out;

	if (move_streams(child, deadline_ms, signals, err) < 0)
		return error_wrap(err, "output of '%s'", QUOTED(options->argv[0]));
	if (!caught_signal)
		ended = wait_until(child, deadline_ms, signals, &status);
	if (ended == 0 && caught_signal)
		return stop(child, options, signals, err);
	timed_out = ended == 0;
	if (timed_out) {
		child_signal(child, SIGKILL);
		ended = child_reap(child, 0, &status);
	}
	if (ended < 0)
		return error_set_path(err, errno, "learn the end of", options->argv[0]);
	*ret_result =
		(struct spawn_result){ WIFSIGNALED(status) ? shell_signal_base + WTERMSIG(status)
							   : WEXITSTATUS(status),
				       timed_out };
	return 0;
}

/* In the foreground of a terminal the child stays in our process group: in its own group it could
 * not ask for a password there, and Ctrl-Z would stop only us. */
static bool
is_in_foreground(void)
{
	AUTO_CLOSE int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

	return fd >= 0 && tcgetpgrp(fd) == getpgrp();
}

int
spawn_run(const struct spawn_options *options, struct spawn_result *ret_result, struct error **err)
{
	CLEANUP(child_release)
	struct child child = {
		.has_group =
			!options->inherit_input && (options->deadline_ms || !is_in_foreground()),
		.inherits_output = options->inherit_output && !options->output,
		.theirs = { -1, -1, -1 },
		.input_fd = -1,
		.output_fd = -1,
		.messages_fd = -1,
		.guard_fd = -1,
		.input = options->input,
		.input_left_bytes = options->input_bytes,
		.output = options->output,
		.messages = options->messages,
	};
	AUTO_CLOSE int directory_fd = -1;
	struct signals signals;
	int64_t begun_us = trace_now_us();
	int ret;

	if (options->directory) {
		directory_fd = open(options->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (directory_fd < 0 || faccessat(directory_fd, ".", X_OK, 0) < 0)
			return error_set_path(err, errno, "enter directory", options->directory);
	}
	if (open_input(&child, options, err) < 0 ||
	    (options->output && open_pipe(&child.output_fd, &child.theirs[1], err) < 0) ||
	    (options->messages && open_pipe(&child.messages_fd, &child.theirs[2], err) < 0))
		return -1;
	if (prepare_end(child.input_fd, err) < 0 || prepare_end(child.output_fd, err) < 0 ||
	    prepare_end(child.messages_fd, err) < 0)
		return -1;
	signals_take(&signals);
	ret = start(&child, options, directory_fd);
	if (ret)
		ret = start_failed(ret, options->argv[0], ret_result, err);
	else
		ret = run_to_end(&child, options, &signals, ret_result, err);
	/* Restores the mask first: a pending signal is then noted by our handler and does not end
	 * the process. */
	(void)pthread_sigmask(SIG_SETMASK, &signals.mask, NULL);
	for (int i = 0; i < ENDING_COUNT; i++)
		(void)sigaction(ending_signals[i], &signals.ending[i], NULL);
	(void)sigaction(SIGCHLD, &signals.child, NULL);
	trace_span("program", 0, begun_us, trace_now_us(), "%s", path_name(options->argv[0]));
	return ret;
}
