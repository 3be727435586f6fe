/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compat.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/types.h>

#if defined(HAVE_GETAUXVAL) || defined(HAVE_ELF_AUX_INFO)
#include <sys/auxv.h>
#endif
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif
#ifdef __linux__
#include <sys/syscall.h>
#endif
#ifdef HAVE_SYS_PROCCTL_H
#include <sys/procctl.h>
#include <sys/wait.h>
#endif
#ifdef HAVE_PROC_PID_RUSAGE
#include <libproc.h>
#endif
#ifdef HAVE_SYS_PTRACE_H
#include <sys/ptrace.h>
#endif
#ifdef HAVE__NSGETEXECUTABLEPATH
#include <mach-o/dyld.h>
#endif

#include "base/cleanup.h"

#ifndef SOCK_CLOEXEC
static int
close_on_exec(int fd)
{
	return fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : 0;
}
#endif

int
socket_cloexec(int domain, int type, int protocol)
{
#ifdef SOCK_CLOEXEC
	return socket(domain, type | SOCK_CLOEXEC, protocol);
#else
	AUTO_CLOSE int fd = socket(domain, type, protocol);

	return close_on_exec(fd) < 0 ? -1 : TAKE_FD(fd);
#endif
}

int
socketpair_cloexec(int domain, int type, int protocol, int ret_fds[2])
{
#ifdef SOCK_CLOEXEC
	return socketpair(domain, type | SOCK_CLOEXEC, protocol, ret_fds);
#else
	if (socketpair(domain, type, protocol, ret_fds) < 0)
		return -1;
	(void)close_on_exec(ret_fds[0]);
	(void)close_on_exec(ret_fds[1]);
	return 0;
#endif
}

bool
errno_is_link(int errnum)
{
	return errnum == ELOOP || errnum == EMLINK;
}

void
errno_describe(int errnum, char *text, size_t size)
{
#ifdef STRERROR_R_CHAR_P
	(void)snprintf(text, size, "%s", strerror_r(errnum, text, size));
#else
	if (strerror_r(errnum, text, size) != 0)
		(void)snprintf(text, size, "error %d", errnum);
#endif
}

ssize_t
executable_path(char *path, size_t size)
{
#if defined(HAVE__NSGETEXECUTABLEPATH)
	uint32_t room = (uint32_t)size;

	if (_NSGetExecutablePath(path, &room) == 0)
		return (ssize_t)strnlen(path, size);
	errno = ENAMETOOLONG;
	return -1;
#elif defined(HAVE_ELF_AUX_INFO) && defined(AT_EXECPATH)
	errno = elf_aux_info(AT_EXECPATH, path, (int)size);
	return errno ? -1 : (ssize_t)strnlen(path, size);
#else
	return readlink("/proc/self/exe", path, size);
#endif
}

bool
process_is_privileged(void)
{
#ifdef HAVE_GETAUXVAL
	return getauxval(AT_SECURE) != 0;
#elif defined(HAVE_ISSETUGID)
	return issetugid() != 0;
#else
	return getuid() != geteuid() || getgid() != getegid();
#endif
}

void
process_hide_memory(void)
{
#if defined(__SANITIZE_ADDRESS__)
	/* LeakSanitizer traces the process, which this would prevent. */
#elif defined(HAVE_SYS_PRCTL_H)
	(void)prctl(PR_SET_DUMPABLE, 0);
#elif defined(HAVE_SYS_PROCCTL_H)
	int trace = PROC_TRACE_CTL_DISABLE;

	(void)procctl(P_PID, 0, PROC_TRACE_CTL, &trace);
#elif defined(PT_DENY_ATTACH)
	(void)ptrace(PT_DENY_ATTACH, 0, NULL, 0);
#endif
}

void
process_end_with_parent(void)
{
#if defined(HAVE_SYS_PRCTL_H)
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#elif defined(HAVE_SYS_PROCCTL_H)
	int number = SIGKILL;

	(void)procctl(P_PID, 0, PROC_PDEATHSIG_CTL, &number);
#endif
}

void
process_close_from(int first)
{
	const long most = 65536; /* where the system has no call, and the limit may be a billion */
	long count = sysconf(_SC_OPEN_MAX);

#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, UINT_MAX, 0) == 0)
		return;
#endif
	for (int fd = first; fd < (count > 0 && count < most ? count : most); fd++)
		(void)close(fd);
}

int64_t
process_used_ns(pid_t pid)
{
#if defined(HAVE_CLOCK_GETCPUCLOCKID)
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
		return 0;
	return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
#elif defined(HAVE_PROC_PID_RUSAGE)
	struct rusage_info_v2 info = { 0 };

	if (proc_pid_rusage(pid, RUSAGE_INFO_V2, (rusage_info_t *)&info) != 0)
		return 0;
	return (int64_t)(info.ri_user_time + info.ri_system_time);
#else
	(void)pid;
	return 0;
#endif
}

void
spawn_close_from(posix_spawn_file_actions_t *actions, int first)
{
#if defined(HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP)
	posix_spawn_file_actions_addclosefrom_np(actions, first);
#elif defined(POSIX_SPAWN_CLOEXEC_DEFAULT)
	/* With the flag every descriptor is closed, except those that an action made and the
	 * standard streams. */
	(void)first;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		posix_spawn_file_actions_addinherit_np(actions, fd);
#else
	/* The descriptors that are open now, including our own close-on-exec ones. */
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		long fd = strtol(entry->d_name, NULL, 10);

		if (fd >= first)
			posix_spawn_file_actions_addclose(actions, (int)fd);
	}
	if (folder)
		(void)closedir(folder);
#endif
}

#ifndef HAVE_EXPLICIT_BZERO
void
explicit_bzero(void *bytes, size_t size)
{
	/* The compiler does not know what a volatile pointer points to. */
	static void *(*const volatile set)(void *, int, size_t) = memset;

	(void)set(bytes, 0, size);
}
#endif

#ifndef HAVE_MEMRCHR
void *
memrchr(const void *bytes, int byte, size_t size)
{
	const unsigned char *start = bytes;

	while (size > 0)
		if (start[--size] == (unsigned char)byte)
			return (void *)(uintptr_t)(start + size);
	return NULL;
}
#endif

#ifndef HAVE_PIPE2
int
pipe2(int ret_fds[2], int flags)
{
	(void)flags;
	if (pipe(ret_fds) < 0)
		return -1;
	(void)close_on_exec(ret_fds[0]);
	(void)close_on_exec(ret_fds[1]);
	return 0;
}
#endif

#ifndef HAVE_POSIX_FALLOCATE
int
posix_fallocate(int fd, off_t offset, off_t size)
{
#ifdef F_PREALLOCATE
	fstore_t wanted = { F_ALLOCATEALL, F_PEOFPOSMODE, 0, offset + size, 0 };

	if (fcntl(fd, F_PREALLOCATE, &wanted) < 0 || ftruncate(fd, offset + size) < 0)
		return errno;
	return 0;
#else
	(void)fd;
	(void)offset;
	(void)size;
	return EOPNOTSUPP;
#endif
}
#endif

#ifndef HAVE_PPOLL
static int
read_set(int top, const fd_set *input, const fd_set *output, struct pollfd *fds, nfds_t count)
{
	int ready = 0;

	for (nfds_t i = 0; i < count; i++) {
		if (fds[i].fd < 0 || fds[i].fd > top)
			continue;
		if (FD_ISSET(fds[i].fd, input))
			fds[i].revents |= POLLIN;
		if (FD_ISSET(fds[i].fd, output))
			fds[i].revents |= POLLOUT;
		ready += fds[i].revents != 0;
	}
	return ready;
}

/* Uses pselect(2), which also takes the mask.  The end of a file or an error makes a descriptor
 * ready. */
int
ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	fd_set input;
	fd_set output;
	int top = -1;
	int ready;

	FD_ZERO(&input);
	FD_ZERO(&output);
	for (nfds_t i = 0; i < count; i++) {
		fds[i].revents = 0;
		if (fds[i].fd < 0)
			continue;
		if (fds[i].fd >= FD_SETSIZE) {
			errno = EINVAL;
			return -1;
		}
		if (fds[i].events & POLLIN)
			FD_SET(fds[i].fd, &input);
		if (fds[i].events & POLLOUT)
			FD_SET(fds[i].fd, &output);
		top = fds[i].fd > top ? fds[i].fd : top;
	}
	ready = pselect(top + 1, &input, &output, NULL, timeout, mask);
	return ready <= 0 ? ready : read_set(top, &input, &output, fds, count);
}
#endif

#ifndef HAVE_TDESTROY
static int
is_equal(const void *left, const void *right)
{
	(void)left;
	(void)right;
	return 0;
}

/* tdelete() with a comparison that calls all items equal finds the root. */
void
tdestroy(void *root, void (*free_item)(void *))
{
	while (root) {
		void *item = *(void **)root;

		(void)tdelete(item, &root, is_equal);
		free_item(item);
	}
}
#endif

#ifndef HAVE_PTHREAD_BARRIER_T
int
pthread_barrier_init(pthread_barrier_t *barrier, const void *attributes, unsigned count)
{
	(void)attributes;
	*barrier = (pthread_barrier_t){ .wanted_count = count, .missing_count = count };
	(void)pthread_mutex_init(&barrier->lock, NULL);
	return pthread_cond_init(&barrier->met, NULL);
}

int
pthread_barrier_wait(pthread_barrier_t *barrier)
{
	unsigned round;

	(void)pthread_mutex_lock(&barrier->lock);
	round = barrier->round;
	if (--barrier->missing_count == 0) {
		barrier->missing_count = barrier->wanted_count;
		barrier->round++;
		(void)pthread_cond_broadcast(&barrier->met);
	}
	while (round == barrier->round)
		(void)pthread_cond_wait(&barrier->met, &barrier->lock);
	(void)pthread_mutex_unlock(&barrier->lock);
	return 0;
}

int
pthread_barrier_destroy(pthread_barrier_t *barrier)
{
	/* The thread that arrived last may continue before the others have released the lock. */
	(void)pthread_mutex_lock(&barrier->lock);
	(void)pthread_mutex_unlock(&barrier->lock);
	(void)pthread_cond_destroy(&barrier->met);
	return pthread_mutex_destroy(&barrier->lock);
}
#endif
