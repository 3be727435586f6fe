/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/helper_self.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sandbox/helper.h"

/* close_range(2) came with Linux 5.9, this flag with 5.11. */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4U
#endif

static int self_fd = -1;

void
helper_self_open(void)
{
	const char *path = (const char *)(uintptr_t)getauxval(AT_EXECFN);

	if (path)
		self_fd = open(path, O_PATH | O_CLOEXEC);
	if (self_fd < 0)
		self_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
}

bool
helper_self_is_open(void)
{
	return self_fd >= 0;
}

/* The code below runs in the child of a process with threads: it may make system calls only. */

/* The read end of the report pipe serves as an empty stdin: there may be no /dev/null. */
static int
place_descriptors(const int *fds, size_t fd_count, int empty_fd)
{
	unsigned first_unused = HELPER_CHANNEL_FD + (unsigned)fd_count;

	if (dup2(empty_fd, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return -1;
	for (size_t i = 0; i < fd_count; i++)
		if (dup2(fds[i], HELPER_CHANNEL_FD + (int)i) < 0)
			return -1;
	/* Our descriptors are close-on-exec; this closes inherited ones. */
	(void)syscall(SYS_close_range, first_unused, UINT_MAX, CLOSE_RANGE_CLOEXEC);
	return 0;
}

/* By path if the call is missing, or if an emulator (qemu-user) cannot start a descriptor. */
static void
execute(int program_fd, const char *verb)
{
	char *const argv[] = { (char *)(uintptr_t) "ocifp-layer", (char *)(uintptr_t)verb, NULL };
	char *const environment[] = { NULL };
	int errnum;

	(void)syscall(SYS_execveat, program_fd, "", argv, environment, AT_EMPTY_PATH);
	errnum = errno;
	(void)execve("/proc/self/exe", argv, environment);
	errno = errnum;
}

static void
become_helper(const char *verb, const int *fds, size_t fd_count, int program_fd,
	      const int report_fds[2])
{
	int errnum;

	if (place_descriptors(fds, fd_count, report_fds[0]) == 0) {
		const struct sigaction reset = { .sa_handler = SIG_DFL };
		sigset_t none;

		/* As in helper.c: no signal mask, SIGPIPE not ignored. */
		sigemptyset(&none);
		(void)sigaction(SIGPIPE, &reset, NULL);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		execute(program_fd, verb);
	}
	errnum = errno;
	(void)!write(report_fds[1], &errnum, sizeof(errnum));
	_exit(127);
}

/* The child's errno, or 0 once it runs the helper. */
static int
read_report(int report_fd)
{
	int errnum = 0;
	ssize_t size;

	do
		size = read(report_fd, &errnum, sizeof(errnum));
	while (size < 0 && errno == EINTR);
	return size == (ssize_t)sizeof(errnum) ? errnum : 0;
}

static int
park(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, HELPER_PARKING_FD);
}

int
helper_self_spawn(const char *verb, const int *fds, size_t fd_count, pid_t *ret_pid)
{
	AUTO_CLOSE int read_fd = -1;
	AUTO_CLOSE int write_fd = -1;
	AUTO_CLOSE int program_fd = park(self_fd);
	int ends[2];
	int errnum;
	pid_t pid;

	if (program_fd < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return errno;
	read_fd = ends[0];
	write_fd = park(ends[1]);
	errnum = errno;
	(void)close(ends[1]);
	if (write_fd < 0)
		return errnum;
	pid = fork();
	if (pid == 0)
		become_helper(verb, fds, fd_count, program_fd, (int[2]){ read_fd, write_fd });
	if (pid < 0)
		return errno;
	close_at(&write_fd);
	write_fd = -1;
	errnum = read_report(read_fd);
	if (errnum)
		(void)waitpid(pid, NULL, 0);
	else
		*ret_pid = pid;
	return errnum;
}
