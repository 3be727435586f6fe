/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/spawn.h"
#include "base/trace.h"
#include "base/xalloc.h"
#include "sandbox/channel.h"
#include "sandbox/confine.h"
#include "sandbox/helper_self.h"
#include "sandbox/id_map.h"

/* NULL: not there. */
static char *
within(const char *folder)
{
	AUTO_FREE char *path = xasprintf("%s/ocifp-layer", folder);

	return access(path, X_OK) == 0 ? TAKE_PTR(path) : NULL;
}

static char *
beside_us(void)
{
	char path[PATH_MAX];
	ssize_t size = executable_path(path, sizeof(path) - 1);
	char *slash;

	if (size <= 0)
		return NULL;
	path[size] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return within(path);
}

static char *
helper_path(struct error **err)
{
	const char *named = environment_find("OCIFP_LIBEXEC");
	char *path = named ? within(named) : beside_us();

	if (!path && !named)
		path = within(LIBEXECDIR);
	if (path)
		return path;
	error_set(err, ERROR_LOCAL, "the program 'ocifp-layer' is not installed");
	error_set_hint(err, "it is part of ocifp and belongs in '%s'", named ? named : LIBEXECDIR);
	return NULL;
}

struct helper {
	pid_t pid; /* 0: reaped */
	int channel_fd;
	int64_t used_ns;  /* processor time at the last check */
	int64_t idle_ms;  /* time waited since then without any */
	int64_t begun_us; /* for the trace */
	unsigned trace_row;
};

#define LOOK_MS 1000 /* how often a helper that we wait for is checked */

struct plan {
	int fds[1 + HELPER_FDS_LIMIT_COUNT];
	size_t count;
};

static void
plan_release(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		close_at(&plan->fds[i]);
}

static int
plan_add(struct plan *plan, int fd, struct error **err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, HELPER_PARKING_FD);

	if (copy < 0)
		return error_set_errno(err, errno, "cannot duplicate a descriptor");
	plan->fds[plan->count++] = copy;
	return 0;
}

static int
plan_make(struct plan *plan, int channel_fd, const struct helper_start *start, struct error **err)
{
	if (plan_add(plan, channel_fd, err) < 0)
		return -1;
	for (size_t i = 0; i < start->fd_count; i++)
		if (plan_add(plan, start->fds[i], err) < 0)
			return -1;
	return 0;
}

static int
spawn(struct helper *helper, const char *program, const char *verb, const struct plan *plan)
{
	char *const argv[] = { (char *)(uintptr_t) "ocifp-layer", (char *)(uintptr_t)verb, NULL };
	char *const environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int errnum;
	sigset_t signals;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	for (size_t i = 0; i < plan->count; i++)
		posix_spawn_file_actions_adddup2(&actions, plan->fds[i],
						 HELPER_CHANNEL_FD + (int)i);
	spawn_close_from(&actions, HELPER_CHANNEL_FD + (int)plan->count);
	/* Blocks the signals that a terminal sends: they are meant for the program, which ends the
	 * helper.
	 */
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attributes, &signals);
	sigaddset(&signals, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &signals);
	posix_spawnattr_setflags(&attributes,
				 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | SPAWN_CLOSES);
	errno = 0;
	errnum = spawn_errnum(
		posix_spawn(&helper->pid, program, &actions, &attributes, argv, environment));
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (errnum)
		helper->pid = 0;
	return errnum;
}

static int
spawn_program(struct helper *helper, const char *verb, const struct plan *plan, struct error **err)
{
	AUTO_FREE char *program = helper_path(err);
	int errnum;

	if (!program)
		return -1;
	errnum = spawn(helper, program, verb, plan);
	return errnum ? error_set_path(err, errnum, "start", program) : 0;
}

#ifdef HAVE_NAMESPACES
static int
spawn_self(struct helper *helper, const char *verb, const struct plan *plan, struct error **err)
{
	int errnum = helper_self_spawn(verb, plan->fds, plan->count, &helper->pid);

	return errnum ? error_set_errno(err, errnum, "cannot start ocifp's own file as ocifp-layer")
		      : 0;
}
#endif

static int
launch(struct helper *helper, const struct helper_start *start, struct error **err)
{
	CLEANUP(plan_release) struct plan plan = { 0 };
	AUTO_CLOSE int theirs = -1;
	int ends[2];

	if (socketpair_cloexec(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return error_set_errno(err, errno, "cannot make a channel");
	helper->channel_fd = ends[0];
	theirs = ends[1];
	if (channel_set_timeout(helper->channel_fd, MESSAGE_TIMEOUT_MS, err) < 0 ||
	    plan_make(&plan, theirs, start, err) < 0)
		return -1;
#ifdef HAVE_NAMESPACES
	if (helper_self_is_open() && !environment_find("OCIFP_LIBEXEC"))
		return spawn_self(helper, start->verb, &plan, err);
#endif
	return spawn_program(helper, start->verb, &plan, err);
}

/* The child refuses a request of another version. */
void
helper_request_init(struct message *request)
{
	*request = MESSAGE_INIT(MESSAGE_REQUEST);
	message_put_text(request, PACKAGE_VERSION);
}

/* 0, or the signal that ended the child. */
static int
reap(struct helper *helper)
{
	int status = 0;
	pid_t pid;

	do
		pid = waitpid(helper->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	helper->pid = 0;
	trace_span("helper", helper->trace_row, helper->begun_us, trace_now_us(), "ocifp-layer");
	return pid > 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Counts time that we waited, so that none passes while both processes are stopped. */
int
helper_note_wait(struct helper *helper, int waited_ms, struct error **err)
{
	int64_t used = process_used_ns(helper->pid);
	bool is_idle = used != 0 && used == helper->used_ns;

	helper->used_ns = used;
	helper->idle_ms = is_idle ? helper->idle_ms + waited_ms : 0;
	if (helper->idle_ms <= CHILD_STALL_LIMIT_MS)
		return 0;
	error_set(err, ERROR_FAILURE, "the confined helper has made no progress for %d s",
		  CHILD_STALL_LIMIT_MS / 1000);
	return error_set_class(err, CLASS_HELPER);
}

int
helper_send_file(struct helper *helper, const char *text, int fd, struct error **err)
{
	AUTO_MESSAGE struct message message = MESSAGE_INIT(MESSAGE_LAYER);
	AUTO_ERROR struct error *failure = NULL;

	message_put_text(&message, text);
	if (message_send(helper->channel_fd, &message, &failure) == 0 &&
	    message_send_fd(helper->channel_fd, fd, &failure) == 0)
		return 0;
	return error_is(failure, ERROR_LOCAL) ? 0 : error_pass(err, TAKE_PTR(failure));
}

int
helper_await(struct helper *helper, int fd, short events, struct error **err)
{
	struct pollfd polled = { .fd = fd, .events = events };
	int ready;

	while ((ready = poll(&polled, 1, LOOK_MS)) <= 0) {
		if (ready < 0 && errno != EINTR)
			return error_set_errno(err, errno, "cannot wait for the confined helper");
		if (ready == 0 && helper_note_wait(helper, LOOK_MS, err) < 0)
			return -1;
	}
	return 0;
}

int
helper_receive(struct helper *helper, struct message *message, bool *ret_last, struct error **err)
{
	bool ended = false;

	if (helper_await(helper, helper->channel_fd, POLLIN, err) < 0 ||
	    message_receive(helper->channel_fd, message, &ended, err) < 0)
		return -1;
	if (ended) {
		/* A child that has closed its channel ends at once: this does not wait long. */
		int signal_number = reap(helper);

		if (signal_number)
			error_set(err, ERROR_FAILURE, "the confined helper was ended by signal %d",
				  signal_number);
		else
			error_set(err, ERROR_FAILURE,
				  "the confined helper ended without an answer");
		return error_set_class(err, CLASS_HELPER);
	}
	if (message->type == MESSAGE_FAILURE)
		return message_get_error(message, err);
	*ret_last = message->type == MESSAGE_RESULT;
	return 0;
}

static int
map_ids(struct helper *helper, const struct id_map *map, struct error **err)
{
	const struct message mapped = MESSAGE_INIT(MESSAGE_MAPPED);
	AUTO_MESSAGE struct message unshared = MESSAGE_INIT(0);
	bool last = false;

	if (helper_receive(helper, &unshared, &last, err) < 0)
		return -1;
	if (unshared.type != MESSAGE_UNSHARED)
		return error_set(err, ERROR_FAILURE, "the confined helper did not ask for its ids");
	if (id_map_write(map, helper->pid, err) < 0)
		return -1;
	return message_send(helper->channel_fd, &mapped, err);
}

static int
begin(struct helper *helper, const struct helper_start *start, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;

	if (launch(helper, start, err) < 0)
		return -1;
	/* Nothing can be sent to a child that has ended; what is received says how it ended. */
	if (message_send(helper->channel_fd, start->request, &failure) < 0 &&
	    !error_is(failure, ERROR_LOCAL))
		return error_pass(err, TAKE_PTR(failure));
	return start->map && start->map->kind == ID_MAP_RANGES ? map_ids(helper, start->map, err)
							       : 0;
}

struct helper *
helper_start(const struct helper_start *start, struct error **err)
{
	AUTO_HELPER struct helper *helper = XNEW(struct helper);

	helper->channel_fd = -1;
	helper->begun_us = trace_now_us();
	helper->trace_row = trace_row("ocifp-layer %s", start->verb);
	if (begin(helper, start, err) < 0) {
		error_wrap(err, "confined helper");
		return NULL;
	}
	return TAKE_PTR(helper);
}

int
helper_poll_fd(const struct helper *helper)
{
	return helper->channel_fd;
}

void
helper_free(struct helper *helper)
{
	if (!helper)
		return;
	close_at(&helper->channel_fd);
	if (helper->pid > 0) {
		(void)kill(helper->pid, SIGKILL);
		(void)reap(helper);
	}
	free(helper);
}

static int
read_sandbox(struct message *answer, struct sandbox *ret_sandbox, struct error **err)
{
	uint64_t walls = 0;
	uint64_t limits = 0;
	uint64_t no_new_privs = 0;
	uint64_t landlock_abi = 0;
	uint64_t seccomp = 0;

	if (message_get_number(answer, &walls, err) < 0 ||
	    message_get_number(answer, &limits, err) < 0 ||
	    message_get_number(answer, &no_new_privs, err) < 0 ||
	    message_get_number(answer, &landlock_abi, err) < 0 ||
	    message_get_number(answer, &seccomp, err) < 0)
		return -1;
	*ret_sandbox = (struct sandbox){ (enum walls)walls, limits, no_new_privs, (int)landlock_abi,
					 seccomp };
	return 0;
}

int
helper_find_sandbox(struct sandbox *ret_sandbox, struct error **err)
{
	AUTO_MESSAGE struct message request;
	AUTO_MESSAGE struct message answer = MESSAGE_INIT(0);
	AUTO_HELPER struct helper *helper = NULL;
	const struct helper_start start = { .verb = "sandbox", .request = &request };
	bool last = false;

	helper_request_init(&request);
	helper = helper_start(&start, err);
	if (!helper || helper_receive(helper, &answer, &last, err) < 0)
		return -1;
	return read_sandbox(&answer, ret_sandbox, err);
}
