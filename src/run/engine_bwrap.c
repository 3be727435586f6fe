#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "run/bwrap_words.h"
#include "run/cell.h"
#include "run/denied_calls.h"
#include "run/engine.h"
#include "run/job.h"
#include "run/root.h"
#include "sandbox/id_map.h"

/* The descriptors that it finds; it closes all three before the job starts. */
enum { STATUS_FD = 3, ARGS_FD = 4, FILTER_FD = 5, FIRST_FREE_FD = 10 };
static const int shell_signal_base = 128;
static const mode_t job_umask = 022; /* as crun and runc have it */
static const char status_name[] = "bundle/status";

/* A file in memory that holds this, to be read from its start. */
static int
memory_of(const void *bytes, size_t size, struct error **err)
{
	AUTO_CLOSE int fd = memfd_create("ocifp", MFD_CLOEXEC);

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
	int status_fd;
	int args_fd;
	int filter_fd;
	int input_fd;
};

static void
given_release(struct descriptors_given *given)
{
	close_at(&given->status_fd);
	close_at(&given->args_fd);
	close_at(&given->filter_fd);
	close_at(&given->input_fd);
}

static int
open_file(const struct engine_start *start, const char *name, struct error **err)
{
	int fd = openat(start->root->fd, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			0600);

	return fd < 0 ? error_set_path(err, errno, "make", name) : fd;
}

static int
prepare(const struct engine_start *start, struct descriptors_given *given, struct error **err)
{
	given->status_fd = open_file(start, status_name, err);
	if (given->status_fd < 0)
		return -1;
	given->args_fd = make_args_fd(start, err);
	given->filter_fd = given->args_fd < 0 ? -1 : make_filter_fd(err);
	if (given->filter_fd < 0)
		return -1;
	if (start->job->interactive)
		return 0;
	given->input_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return given->input_fd < 0 ? error_set_errno(err, errno, "cannot open '/dev/null'") : 0;
}

/* The terminal becomes that of a session of which we are the leader. */
static bool
take_terminal(int fd)
{
	return setsid() >= 0 && ioctl(fd, TIOCSCTTY, 0) == 0 && dup2(fd, STDIN_FILENO) >= 0 &&
	       dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0;
}

/* First out of the way, lest one takes the place of another. */
static bool
place_descriptors(const struct descriptors_given *given)
{
	int status_fd = fcntl(given->status_fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	int args_fd = fcntl(given->args_fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	int filter_fd = fcntl(given->filter_fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);

	return dup2(status_fd, STATUS_FD) >= 0 && dup2(args_fd, ARGS_FD) >= 0 &&
	       dup2(filter_fd, FILTER_FD) >= 0;
}

/* Those of whoever started us are not all close-on-exec, and it hands on what it finds. */
static bool
close_others(void)
{
	return syscall(SYS_close_range, FILTER_FD + 1, UINT_MAX, 0) == 0;
}

/* Of these it keeps what it finds. */
static bool
take_groups(const struct engine_start *start)
{
	const struct job_user *user = &start->job->user;

	if (start->map->kind == ID_MAP_OWN)
		return true;
	return setgroups(user->group_count, user->groups) == 0 &&
	       setresgid(user->gid, user->gid, user->gid) == 0;
}

/* The job inherits all of this; other engines see to it themselves. */
static void __attribute__((noreturn))
become_engine(const struct engine_start *start, const struct descriptors_given *given,
	      char *const *argv)
{
	char *const environment[] = { NULL };
	sigset_t signals;

	sigemptyset(&signals);
	(void)pthread_sigmask(SIG_SETMASK, &signals, NULL);
	for (int number = 1; number < SIGRTMIN; number++)
		(void)signal(number, SIG_DFL);
	(void)umask(job_umask);
	if (!take_groups(start))
		_exit(1);
	if (start->terminal_fd >= 0 && !take_terminal(start->terminal_fd))
		_exit(1);
	if (given->input_fd >= 0)
		(void)dup2(given->input_fd, STDIN_FILENO);
	if (place_descriptors(given) && close_others())
		(void)execve(start->program, argv, environment);
	_exit(1);
}

/* What it told in its status file under that name; -1: nothing. */
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

static const struct engine_start *running;

/* It passes no signals on: the job is the first child of the first process of its namespace. */
static pid_t
find_job(pid_t pid)
{
	AUTO_BUF struct buf buf = BUF_INIT(ENGINE_LOG_LIMIT_BYTES);
	AUTO_ERROR struct error *unread = NULL;
	int first = read_status(running, "child-pid");
	AUTO_FREE char *path = xasprintf("/proc/%d/task/%d/children", first, first);
	uint64_t child;

	(void)pid;
	if (first < 2 || file_read(AT_FDCWD, path, &buf, &unread) < 0 || !buf.data)
		return -1;
	buf.data[strcspn(buf.data, " ")] = '\0';
	return text_parse_uint(buf.data, INT32_MAX, &child) ? (pid_t)child : -1;
}

static char **
make_argv(const struct engine_start *start, struct strings *words)
{
	AUTO_FREE char *status_fd = xasprintf("%d", STATUS_FD);
	AUTO_FREE char *args_fd = xasprintf("%d", ARGS_FD);
	AUTO_FREE char *filter_fd = xasprintf("%d", FILTER_FD);
	const char *const own[] = {
		start->program, "--json-status-fd", status_fd, "--args", args_fd,
		"--seccomp",    filter_fd,          "--",      NULL
	};

	for (const char *const *word = own; *word; word++)
		strings_add(words, *word);
	for (size_t i = 0; i < start->job->args.count; i++)
		strings_add(words, start->job->args.items[i]);
	return words->items;
}

static int
run(const struct engine_start *start, struct error **err)
{
	CLEANUP(given_release) struct descriptors_given given = { -1, -1, -1, -1 };
	AUTO_STRINGS struct strings words = { 0 };
	char **argv = make_argv(start, &words);
	int status;
	int ended;
	pid_t pid;

	if (prepare(start, &given, err) < 0)
		return -1;
	running = start;
	pid = fork();
	if (pid == 0)
		become_engine(start, &given, argv);
	if (pid < 0)
		return error_set_errno(err, errno, "cannot start a process");
	ended = cell_wait(pid, find_job);
	status = read_status(start, "exit-code");
	if (status >= 0)
		return status;
	/* A terminal that hangs up ends it along with the job. */
	if (ended == shell_signal_base + SIGHUP)
		return ended;
	/* What went wrong it has said on the job's standard error. */
	error_set(err, ERROR_FAILURE, "%s could not start the job", start->program);
	return error_set_class(err, "engine");
}

const struct engine engine_bwrap = { .name = "bwrap", .run = run };
