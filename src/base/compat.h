/* SPDX-License-Identifier: Apache-2.0 */
/* compat.h - functions of Linux that other POSIX systems lack, under their Linux names
 *
 * configure tests each function and field, not the system.  A replacement that does less says so
 * here. Interfaces that only one system has, such as its sandbox, are in the file that uses them.
 */
#ifndef OCIFP_BASE_COMPAT_H
#define OCIFP_BASE_COMPAT_H

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_ENDIAN_H
#include <endian.h>
#elif defined(HAVE_SYS_ENDIAN_H)
#include <sys/endian.h>
#endif
#ifdef HAVE_SYS_RANDOM_H
#include <sys/random.h>
#endif
#ifdef MAJOR_IN_SYSMACROS
#include <sys/sysmacros.h>
#elif defined(MAJOR_IN_MKDEV)
#include <sys/mkdev.h>
#endif

extern char **environ;

#ifndef HAVE_STRUCT_STAT_ST_MTIM
#define st_atim st_atimespec
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
#endif

/* open(2) then fails with EISDIR, as on a Linux without O_TMPFILE. */
#ifndef O_TMPFILE
#define O_TMPFILE O_DIRECTORY
#endif
/* Without O_PATH, a directory without read permission cannot be opened. */
#ifndef O_PATH
#define O_PATH O_RDONLY
#endif

#ifndef htobe64
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define htobe32(value) ((uint32_t)(value))
#define htobe64(value) ((uint64_t)(value))
#else
#define htobe32(value) __builtin_bswap32(value)
#define htobe64(value) __builtin_bswap64(value)
#endif
#define be32toh(value) htobe32(value)
#define be64toh(value) htobe64(value)
#endif

/* The clock that file systems stamp files with. */
#ifndef CLOCK_REALTIME_COARSE
#define CLOCK_REALTIME_COARSE CLOCK_REALTIME
#endif

/* Close-on-exec sockets.  Without SOCK_CLOEXEC, a child that is started at the same moment may
 * inherit them. */
int socket_cloexec(int domain, int type, int protocol);
int socketpair_cloexec(int domain, int type, int protocol, int ret_fds[2]);
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0 /* ocifp-layer alone receives descriptors, and it starts no program */
#endif

/* The errno of open(2) with O_NOFOLLOW on a link: ELOOP by POSIX, EMLINK on FreeBSD. */
bool errno_is_link(int errnum);

/* strerror_r(3) in its GNU or its POSIX form. */
void errno_describe(int errnum, char *text, size_t size);

/* The path of the running program, without a NUL at the end.  -1 with errno. */
ssize_t executable_path(char *path, size_t size);

/* The program is set-id or has file capabilities: do not trust the caller's environment. */
bool process_is_privileged(void);

/* Prevents core files, and debuggers of the same user.  Does nothing on a system without such a
 * call.
 */
void process_hide_memory(void);

/* Makes the system kill the calling process when its parent ends; does nothing where it cannot. */
void process_end_with_parent(void);

/* Closes the descriptors from `first` on, in a child that has only forked. */
void process_close_from(int first);

/* The processor time that a child has used, or a number that grows like it; 0: not known. */
int64_t process_used_ns(pid_t pid);

/* Closes the descriptors from `first` on in the program to start.  With musl, which lacks the call,
 * only those that /proc shows now. */
void spawn_close_from(posix_spawn_file_actions_t *actions, int first);
#ifdef POSIX_SPAWN_CLOEXEC_DEFAULT
#define SPAWN_CLOSES POSIX_SPAWN_CLOEXEC_DEFAULT
#else
#define SPAWN_CLOSES 0
#endif

#ifndef HAVE_EXPLICIT_BZERO
void explicit_bzero(void *bytes, size_t size);
#endif

#ifndef HAVE_MEMRCHR
void *memrchr(const void *bytes, int byte, size_t size);
#endif

#ifndef HAVE_PIPE2
int pipe2(int ret_fds[2], int flags); /* O_CLOEXEC */
#endif

#ifndef HAVE_POSIX_FALLOCATE
int posix_fallocate(int fd, off_t offset, off_t size);
#endif

#ifndef HAVE_PPOLL
int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask);
#endif

#ifndef HAVE_TDESTROY
void tdestroy(void *root, void (*free_item)(void *));
#endif

#ifndef HAVE_PTHREAD_BARRIER_T
struct barrier {
	pthread_mutex_t lock;
	pthread_cond_t met;
	unsigned wanted_count;
	unsigned missing_count;
	unsigned round;
};

#define pthread_barrier_t struct barrier

int pthread_barrier_init(pthread_barrier_t *barrier, const void *attributes, unsigned count);
int pthread_barrier_wait(pthread_barrier_t *barrier);
int pthread_barrier_destroy(pthread_barrier_t *barrier);
#endif

#endif
