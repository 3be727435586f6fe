/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "run/container/container.h"
#include "run/engine/bundle.h"
#include "run/engine/denied_calls.h"
#include "run/engine/job_engine.h"
#include "run/engine/sealed_program.h"
#include "run/job.h"
#include "run/root/root.h"
#include "sandbox/id_map.h"

static void
add_words(struct strings *words, const char *const *more)
{
	for (; *more; more++)
		strings_add(words, *more);
}

/* Another user than root has no capabilities. */
static void
add_capabilities(const struct job *job, struct strings *words)
{
	add_words(words, (const char *const[]){ "--cap-drop", "ALL", NULL });
	for (const char *const *name = job_capabilities; job->user.uid == 0 && *name; name++)
		add_words(words, (const char *const[]){ "--cap-add", *name, NULL });
}

/* bubblewrap leaves these writable: with uid 0 of this machine, a job could write to /proc/sys. */
static void
add_masks(struct strings *words)
{
	AUTO_STRINGS struct strings masked = { 0 };

	for (const char *const *path = job_read_only_paths; *path; path++)
		add_words(words, (const char *const[]){ "--ro-bind-try", *path, *path, NULL });
	job_masked_paths("/sys", &masked);
	for (size_t i = 0; i < masked.count; i++) {
		const char *path = masked.items[i];
		struct stat status;

		if (stat(path, &status) < 0)
			continue;
		if (S_ISDIR(status.st_mode))
			add_words(words, (const char *const[]){ "--tmpfs", path, "--remount-ro",
								path, NULL });
		else
			add_words(words,
				  (const char *const[]){ "--dev-bind", "/dev/null", path, NULL });
	}
}

static void
bwrap_words(const struct engine_start *start, struct strings *words)
{
	AUTO_FREE char *root = xasprintf("%s/root", start->root->path);

	add_words(words, (const char *const[]){ "--bind", root, "/", NULL });
	if (start->keeps_proc)
		add_words(words, (const char *const[]){ "--bind", "/proc", "/proc", NULL });
	else
		add_words(words, (const char *const[]){ "--proc", "/proc", "--unshare-pid", NULL });
	add_words(words, (const char *const[]){ "--dev", "/dev", "--ro-bind", "/sys", "/sys",
						"--chdir", start->job->directory, NULL });
	add_masks(words);
	/* "--ro-bind" would also make the volumes read-only. */
	if (start->job->read_only)
		add_words(words, (const char *const[]){ "--remount-ro", "/", NULL });
	/* With its own terminal, the process that starts bubblewrap leads the session. */
	if (!start->job->terminal)
		strings_add(words, "--new-session");
	if (engine_maps_user(start)) {
		AUTO_FREE char *uid = xasprintf("%u", start->job->user.uid);
		AUTO_FREE char *gid = xasprintf("%u", start->job->user.gid);

		add_words(words, (const char *const[]){ "--unshare-user", "--uid", uid, "--gid",
							gid, NULL });
	}
	add_capabilities(start->job, words);
	strings_add(words, "--clearenv");
	for (size_t i = 0; i < start->job->env.count; i++) {
		const char *equals = strchr(start->job->env.items[i], '=');
		AUTO_FREE char *name = xstrndup(start->job->env.items[i],
						(size_t)(equals - start->job->env.items[i]));

		add_words(words, (const char *const[]){ "--setenv", name, equals + 1, NULL });
	}
}

/* The descriptors that bubblewrap finds; it closes all three before the job starts, the last one at
 * its own start. */
enum { STATUS_FD = 3, ARGS_FD = 4, FILTER_FD = 5, PROGRAM_FD = 6, FIRST_FREE_FD = 10 };
static const int shell_signal_base = 128;
static const mode_t job_umask = 022; /* as in crun and runc */
static const char status_name[] = "bundle/status";

/* A memory file with this content, read from its start. */
static int
memory_of(const void *bytes, size_t size, struct error **err)
{
	AUTO_CLOSE int fd = memory_file_make("ocifp");

	if (fd < 0)
		return error_set_errno(err, errno, "cannot make a file in memory");
	if (fd_write_all(fd, bytes, size, "a file in memory", err) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, errno, "cannot use a file in memory");
	return TAKE_FD(fd);
}

static int
make_args_fd(const struct engine_start *start, struct error **err)
{
	AUTO_STRINGS struct strings words = { 0 };
	AUTO_BUF struct buf buf = BUF_INIT(ENGINE_ARGS_LIMIT_BYTES);

	bwrap_words(start, &words);
	for (size_t i = 0; i < words.count; i++)
		if (buf_append(&buf, words.items[i], strlen(words.items[i]) + 1, err) < 0)
			return error_wrap(err, "the job's environment");
	return memory_of(buf.data, buf.size, err);
}

static int
make_filter_fd(struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(DENIED_FILTER_BYTES);

	return denied_calls_filter(&buf, err) < 0 ? -1 : memory_of(buf.data, buf.size, err);
}

struct descriptors_given {
	int program_fd;
	int status_fd;
	int args_fd;
	int filter_fd;
	int input_fd;
};

static void
given_release(struct descriptors_given *given)
{
	close_at(&given->program_fd);
	close_at(&given->status_fd);
	close_at(&given->args_fd);
	close_at(&given->filter_fd);
	close_at(&given->input_fd);
}

static int
prepare(const struct engine_start *start, struct descriptors_given *given, struct error **err)
{
	given->program_fd = sealed_program_open(start->program, err);
	if (given->program_fd < 0)
		return -1;
	given->status_fd = openat(start->root->fd, status_name,
				  O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (given->status_fd < 0)
		return error_set_path(err, errno, "make", status_name);
	given->args_fd = make_args_fd(start, err);
	given->filter_fd = given->args_fd < 0 ? -1 : make_filter_fd(err);
	if (given->filter_fd < 0)
		return -1;
	if (start->job->interactive)
		return 0;
	given->input_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return given->input_fd < 0 ? error_set_errno(err, errno, "cannot open '/dev/null'") : 0;
}

/* We lead the terminal's session, outside its foreground group: when ^C has ended bubblewrap, the
 * terminal stays, and so does a job that continues. */
static int
lead_terminal(int fd, struct error **err)
{
	if (setsid() < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
		return error_set_errno(err, errno, "cannot give the job its terminal");
	return 0;
}

/* A background process that makes itself the foreground gets SIGTTOU and stops, unless it ignores
 * that. */
static bool
take_terminal(int fd)
{
	(void)signal(SIGTTOU, SIG_IGN);
	return setpgid(0, 0) == 0 && tcsetpgrp(fd, getpid()) == 0 && dup2(fd, STDIN_FILENO) >= 0 &&
	       dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0;
}

/* First moves them out of the way, so that none is overwritten. */
static bool
place_descriptors(const struct descriptors_given *given)
{
	int status_fd = fcntl(given->status_fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	int args_fd = fcntl(given->args_fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	int filter_fd = fcntl(given->filter_fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	int program_fd = fcntl(given->program_fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);

	return dup3(program_fd, PROGRAM_FD, O_CLOEXEC) >= 0 && dup2(status_fd, STATUS_FD) >= 0 &&
	       dup2(args_fd, ARGS_FD) >= 0 && dup2(filter_fd, FILTER_FD) >= 0;
}

/* bubblewrap keeps these as it finds them. */
static bool
take_groups(const struct engine_start *start)
{
	const struct job_user *user = &start->job->user;

	if (start->map->kind == ID_MAP_OWN)
		return true;
	return setgroups(user->group_count, user->groups) == 0 &&
	       setresgid(user->gid, user->gid, user->gid) == 0;
}

/* The job inherits all of this; the other engines reset it themselves. */
static void __attribute__((noreturn))
become_engine(const struct engine_start *start, const struct descriptors_given *given,
	      char *const *argv)
{
	char *const environment[] = { NULL };
	sigset_t signals;

	if (start->terminal_fd >= 0 && !take_terminal(start->terminal_fd))
		_exit(1);
	sigemptyset(&signals);
	(void)pthread_sigmask(SIG_SETMASK, &signals, NULL);
	for (int number = 1; number < SIGRTMIN; number++)
		(void)signal(number, SIG_DFL);
	(void)umask(job_umask);
	if (!take_groups(start))
		_exit(1);
	if (given->input_fd >= 0)
		(void)dup2(given->input_fd, STDIN_FILENO);
	/* Inherited descriptors may lack close-on-exec, and bubblewrap passes them on. */
	if (place_descriptors(given) && syscall(SYS_close_range, PROGRAM_FD + 1, UINT_MAX, 0) == 0)
		sealed_program_execute(PROGRAM_FD, argv, environment);
	_exit(1);
}

/* A number from its status file; -1: not there. */
static int
read_status(const struct engine_start *start, const char *name)
{
	AUTO_BUF struct buf buf = BUF_INIT(ENGINE_LOG_LIMIT_BYTES);
	AUTO_ERROR struct error *unread = NULL;
	int number = -1;
	char *rest;
	char *line;

	if (file_read(start->root->fd, status_name, &buf, &unread) < 0)
		return -1;
	rest = buf.data;
	while (rest && (line = strsep(&rest, "\n"))) {
		json_t *object = json_loads(line, 0, NULL);
		const json_t *value = json_object_get(object, name);

		if (json_is_integer(value))
			number = (int)json_integer_value(value);
		json_decref(object);
	}
	return number;
}

/* State of the process's only run. */
static struct {
	const struct engine_start *start;
	unsigned stopped_count; /* consecutive ticks at which its process 1 was stopped */
} running;

enum { STOPPED_TICKS_COUNT = 2, NUMBERS_LIMIT_COUNT = 100000 };

/* The job's process 1, which is bubblewrap's; -1: not started yet. */
static pid_t
find_first(void)
{
	return read_status(running.start, "child-pid");
}

static bool
read_proc(pid_t pid, const char *name, struct buf *buf)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/%s", pid, name);
	AUTO_ERROR struct error *unread = NULL;

	return pid > 1 && file_read(AT_FDCWD, path, buf, &unread) == 0 && buf->data;
}

/* bubblewrap passes no signals on: the job is the first child of its namespace's first process. */
static pid_t
find_job(void)
{
	AUTO_BUF struct buf buf = BUF_INIT(ENGINE_LOG_LIMIT_BYTES);
	pid_t first = find_first();
	AUTO_FREE char *name = xasprintf("task/%d/children", first);
	uint64_t child;

	if (!read_proc(first, name, &buf))
		return -1;
	buf.data[strcspn(buf.data, " ")] = '\0';
	return text_parse_uint(buf.data, INT32_MAX, &child) ? (pid_t)child : -1;
}

/* A job can trace its process 1 and leave it stopped; that then neither ends nor reports an end. */
static void
kill_when_stopped(void)
{
	AUTO_BUF struct buf buf = BUF_INIT(KIB);
	pid_t first = find_first();
	const char *state = read_proc(first, "stat", &buf) ? strrchr(buf.data, ')') : NULL;
	bool is_stopped = state && (state[2] == 't' || state[2] == 'T');

	running.stopped_count = is_stopped ? running.stopped_count + 1 : 0;
	if (running.stopped_count >= STOPPED_TICKS_COUNT)
		(void)kill(first, SIGKILL);
}

static const struct container_job job_inside = { find_job, kill_when_stopped };

static void
do_nothing(void)
{
}

/* Without a process 1 of bubblewrap its child is the job; /proc has outside numbers. */
static const struct container_job job_itself = { find_first, do_nothing };

static const struct container_job *
job_of_run(void)
{
	return running.start->keeps_proc ? &job_itself : &job_inside;
}

/* The job may have ended by writing to a closed terminal before it was told: that counts as ended
 * by SIGHUP. */
static bool
is_hung_up(int terminal_fd)
{
	struct pollfd terminal = { .fd = terminal_fd };

	return terminal_fd >= 0 && poll(&terminal, 1, 0) > 0 && (terminal.revents & POLLHUP);
}

/* Its outer process is in the terminal's foreground, and ^C ends it.  Its inner process, which
 * becomes our child then, continues with the job and exits with its status. */
static int
wait_for_job(pid_t pid)
{
	siginfo_t info;
	int status = container_wait(pid, job_of_run());
	int said = read_status(running.start, "exit-code");
	pid_t first = find_first();

	if (is_hung_up(running.start->terminal_fd))
		return shell_signal_base + SIGHUP;
	if (said >= 0)
		return said;
	if (status < shell_signal_base || first < 2 ||
	    waitid(P_PID, (id_t)first, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return -1;
	return container_wait(first, job_of_run());
}

/* The smallest number above `least` of a process in /proc; -1: none. */
static pid_t
find_number(pid_t least)
{
	AUTO_CLOSE int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_STRINGS struct strings names = { 0 };
	pid_t found = -1;
	uint64_t number;

	if (fd < 0 || dir_names(fd, SIZE_MAX, &names) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (text_parse_uint(names.items[i], INT32_MAX, &number) && (pid_t)number > least &&
		    (found < 0 || (pid_t)number < found))
			found = (pid_t)number;
	return found;
}

/* The number of a process that has started and ended: the next process gets the next number. */
static pid_t
use_number(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	return pid;
}

/* bubblewrap looks its child up in /proc and fails without it.  The caller's /proc lacks our
 * namespace's numbers, but any process there is enough: bubblewrap does not use what it reads.
 */
static void
meet_numbers(void)
{
	pid_t last = use_number();
	pid_t wanted = last > 0 ? find_number(last + 1) : -1;

	while (last > 0 && last + 2 < wanted && wanted < NUMBERS_LIMIT_COUNT)
		last = use_number();
}

static int
start_engine(const struct engine_start *start, struct error **err)
{
	CLEANUP(given_release) struct descriptors_given given = { -1, -1, -1, -1, -1 };
	AUTO_STRINGS struct strings words = { 0 };
	AUTO_FREE char *status_fd = xasprintf("%d", STATUS_FD);
	AUTO_FREE char *args_fd = xasprintf("%d", ARGS_FD);
	AUTO_FREE char *filter_fd = xasprintf("%d", FILTER_FD);
	const char *const own[] = {
		start->program, "--json-status-fd", status_fd, "--args", args_fd,
		"--seccomp",    filter_fd,          "--",      NULL
	};
	char **argv;
	pid_t pid;

	for (const char *const *word = own; *word; word++)
		strings_add(&words, *word);
	for (size_t i = 0; i < start->job->args.count; i++)
		strings_add(&words, start->job->args.items[i]);
	argv = words.items;
	if (prepare(start, &given, err) < 0 ||
	    (start->terminal_fd >= 0 && lead_terminal(start->terminal_fd, err) < 0))
		return -1;
	if (start->keeps_proc)
		meet_numbers();
	pid = fork();
	if (pid == 0)
		become_engine(start, &given, argv);
	return pid < 0 ? error_set_errno(err, errno, "cannot start a process") : pid;
}

static int
run(const struct engine_start *start, struct error **err)
{
	pid_t pid = start_engine(start, err);
	int status;

	if (pid < 0)
		return -1;
	running.start = start;
	status = wait_for_job(pid);
	if (running.stopped_count >= STOPPED_TICKS_COUNT) {
		error_set(err, ERROR_FAILURE, "the job stopped %s, its process 1, and was killed",
			  start->program);
		return error_set_class(err, CLASS_ENGINE);
	}
	if (status >= 0)
		return status;
	/* bubblewrap has written its error to the job's standard error. */
	error_set(err, ERROR_FAILURE, "%s could not start the job", start->program);
	return error_set_class(err, CLASS_ENGINE);
}

const struct engine engine_bwrap = { .name = "bwrap", .run = run };
