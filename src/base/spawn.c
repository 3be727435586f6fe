#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/spawn_feed.h"
#include "base/text.h"

extern char **environ;

static const int shell_not_found = 127;
static const int shell_not_started = 126;
static const int shell_signal_base = 128;

struct child {
	pid_t pid; /* 0: none, or reaped */
	bool has_group;
	struct feed feed; /* our ends */
	int theirs[3];    /* -1: as ours */
	bool inherits_output;
};

static void
child_close_theirs(struct child *child)
{
	for (int i = 0; i < 3; i++) {
		close_at(&child->theirs[i]);
		child->theirs[i] = -1;
	}
}

static void
child_kill(const struct child *child)
{
	if (child->pid > 0)
		(void)kill(child->has_group ? -child->pid : child->pid, SIGKILL);
}

/* Waits for good, or with WNOHANG looks.  1 when the child has ended, 0 when it has not; -1 with
 * errno when its end went to somebody else, as it does where SIGCHLD is ignored. */
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

static void
child_release(struct child *child)
{
	int status;

	child_close_theirs(child);
	feed_release(&child->feed);
	child_kill(child);
	if (child->pid > 0)
		(void)child_reap(child, 0, &status);
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
		return open_pipe(&child->theirs[0], &child->feed.input_fd, err);
	child->theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (child->theirs[0] < 0)
		return error_set_errno(err, errno, "cannot open '/dev/null'");
	return 0;
}

static int
open_streams(struct child *child, const struct spawn_options *options, struct error **err)
{
	if (open_input(child, options, err) < 0)
		return -1;
	if (options->output && open_pipe(&child->feed.output_fd, &child->theirs[1], err) < 0)
		return -1;
	if (options->messages && open_pipe(&child->feed.messages_fd, &child->theirs[2], err) < 0)
		return -1;
	return feed_prepare(&child->feed, err);
}

static void
add_actions(posix_spawn_file_actions_t *actions, const struct child *child, int directory_fd)
{
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
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
	/* Those of whoever started us are not all close-on-exec. */
	posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
#endif
}

static void
set_attributes(posix_spawnattr_t *attributes, bool has_group)
{
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t signals;

	sigemptyset(&signals);
	posix_spawnattr_setsigmask(attributes, &signals);
	sigaddset(&signals, SIGPIPE);
	sigaddset(&signals, SIGXFSZ);
	posix_spawnattr_setsigdefault(attributes, &signals);
	if (has_group)
		flags |= POSIX_SPAWN_SETPGROUP;
	posix_spawnattr_setflags(attributes, flags);
}

/* 0 or an error number. */
static int
start(struct child *child, const struct spawn_options *options, int directory_fd)
{
	char *const *argv = (char *const *)(uintptr_t)options->argv;
	char *const *environment = (char *const *)(uintptr_t)options->environment;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int errnum;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	add_actions(&actions, child, directory_fd);
	set_attributes(&attributes, child->has_group);
	errnum = posix_spawnp(&child->pid, argv[0], &actions, &attributes, argv,
			      environment ? environment : environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (errnum)
		child->pid = 0;
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

/* As child_reap().  A program may close its streams long before it ends; POSIX has no wait with a
 * time limit. */
static int
wait_until(struct child *child, int64_t deadline_ms, int *ret_status)
{
	int pause_ms = 1;
	int ended;

	if (deadline_ms == DEADLINE_NEVER)
		return child_reap(child, 0, ret_status);
	while ((ended = child_reap(child, WNOHANG, ret_status)) == 0) {
		int left_ms = deadline_left_ms(deadline_ms, pause_ms);

		if (left_ms == 0)
			return 0;
		(void)poll(NULL, 0, left_ms);
		if (pause_ms < 50)
			pause_ms *= 2;
	}
	return ended;
}

static int
shell_status(int status)
{
	return WIFSIGNALED(status) ? shell_signal_base + WTERMSIG(status) : WEXITSTATUS(status);
}

static int
run_to_end(struct child *child, const struct spawn_options *options,
	   struct spawn_result *ret_result, struct error **err)
{
	int64_t deadline_ms = options->deadline_ms ? options->deadline_ms : DEADLINE_NEVER;
	int status = 0;
	int ended;
	bool timed_out;

	if (feed_run(&child->feed, deadline_ms, err) < 0) {
		AUTO_FREE char *shown = text_quote_string(options->argv[0]);

		return error_wrap(err, "output of '%s'", shown);
	}
	ended = wait_until(child, deadline_ms, &status);
	timed_out = ended == 0;
	if (timed_out) {
		child_kill(child);
		ended = child_reap(child, 0, &status);
	}
	if (ended < 0)
		return error_set_path(err, errno, "learn the end of", options->argv[0]);
	*ret_result = (struct spawn_result){ shell_status(status), timed_out };
	return 0;
}

int
spawn_run(const struct spawn_options *options, struct spawn_result *ret_result, struct error **err)
{
	CLEANUP(child_release)
	struct child child = {
		/* Away from the terminal's foreground, a read from it or Ctrl-C would not work. */
		.has_group = options->deadline_ms && !options->inherit_input,
		.feed = FEED_INIT(options->input, options->input_bytes, options->output,
				  options->messages),
		.theirs = { -1, -1, -1 },
		.inherits_output = options->inherit_output && !options->output,
	};
	AUTO_CLOSE int directory_fd = -1;
	int errnum;

	if (options->directory) {
		directory_fd = open(options->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (directory_fd < 0 || faccessat(directory_fd, ".", X_OK, 0) < 0)
			return error_set_path(err, errno, "enter directory", options->directory);
	}
	if (open_streams(&child, options, err) < 0)
		return -1;
	errnum = start(&child, options, directory_fd);
	if (errnum)
		return start_failed(errnum, options->argv[0], ret_result, err);
	return run_to_end(&child, options, ret_result, err);
}
