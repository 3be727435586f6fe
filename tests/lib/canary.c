/* SPDX-License-Identifier: Apache-2.0 */
/* canary: tries what a job must not be able to do, and prints what it could
 *
 *     canary          keys, terminals, mounts, namespaces
 *     canary others   and what pid 1 has
 *     canary engine SOCKET   writes to the program of pid 1, and hands it to another job
 *     canary keep SOCKET     the other job, which tries it when that pid 1 has ended
 *     canary stop     leaves pid 1 stopped
 *     canary hog      opens files until no more can be had
 *     canary works    starts processes and threads in every way, and tells which failed
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static void
tell(const char *what, int could)
{
	if (could)
		puts(what);
}

static void
try_others(void)
{
	tell("ptrace", ptrace(PTRACE_SEIZE, 1, NULL, NULL) == 0);
	tell("memory", open("/proc/1/mem", O_RDWR) >= 0);
	tell("descriptors", open("/proc/1/fd/0", O_RDWR) >= 0);
}

static void
try_keys(void)
{
	const int session_keyring = -3;

	tell("keyctl", syscall(SYS_keyctl, 0, session_keyring, 0) >= 0);
	tell("add_key", syscall(SYS_add_key, "user", "x", "x", 1, session_keyring) >= 0);
}

static void
try_terminal(void)
{
	static const int tiocsti = 0x5412;
	int tty = open("/dev/tty", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		tell("tiocsti", ioctl(fd, tiocsti, "x") == 0);
	tell("tiocsti on /dev/tty", tty >= 0 && ioctl(tty, tiocsti, "x") == 0);
}

static void
try_mounts(void)
{
	tell("mount", mount("none", "/tmp", "tmpfs", 0, NULL) == 0);
	tell("remount", mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL) == 0);
}

static void
try_namespaces(void)
{
	/* struct clone_args of linux/sched.h, which does not go with sched.h everywhere */
	uint64_t args[8] = { [0] = CLONE_NEWUSER, [4] = SIGCHLD };
	long pid;

	tell("unshare", unshare(CLONE_NEWUSER) == 0);
	tell("setns", setns(open("/proc/self/ns/user", O_RDONLY), 0) == 0 || errno != EPERM);
	pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	tell("clone", pid > 0);
	pid = syscall(SYS_clone3, args, sizeof(args));
	if (pid == 0)
		_exit(0);
	tell("clone3", pid > 0 || errno != ENOSYS);
}

/* What docker's profile refuses besides. */
static void
try_kernel(void)
{
	static const int families[] = { 3, 19, 25, 37, 38, AF_VSOCK, 46, 99 };
	static const unsigned long personalities[] = { 0x0040000, 0x0400000, 0x80040000, 0x28008 };
	static const int namespaces[] = { CLONE_NEWNS,  CLONE_NEWNET, CLONE_NEWPID,
					  CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP };
	char params[256] = "";

	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		tell("socket", socket(families[i], SOCK_STREAM, 0) >= 0 || errno != EPERM);
	for (size_t i = 0; i < sizeof(personalities) / sizeof(*personalities); i++)
		tell("personality", syscall(SYS_personality, personalities[i]) >= 0);
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(*namespaces); i++) {
		long pid = syscall(SYS_clone, namespaces[i] | SIGCHLD, NULL, NULL, NULL, NULL);

		if (pid == 0)
			_exit(0);
		tell("clone of a namespace", pid > 0 || errno != EPERM);
	}
	tell("io_uring", syscall(425, 1, params) >= 0 || errno != EPERM);
	tell("pidfd_getfd", syscall(438, -1, 0, 0) >= 0 || errno != EPERM);
	tell("mbind", syscall(SYS_mbind, 0, 0, 0, 0, 0, 0) >= 0 || errno != EPERM);
	tell("kcmp", syscall(SYS_kcmp, 1, 1, 0, 0, 0) >= 0 || errno != EPERM);
	tell("sethostname", sethostname("canary", 6) == 0);
	tell("syslog", syscall(SYS_syslog, 10, NULL, 0) >= 0);
}

static bool
ends_well(pid_t pid)
{
	int status;

	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

static void *
mark(void *context)
{
	*(bool *)context = true;
	return NULL;
}

static int
try_works(void)
{
	static char *const words[] = { "canary", "nothing", NULL };
	pthread_t thread;
	bool ran = false;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	tell("fork failed", !ends_well(pid));
	pid = vfork();
	if (pid == 0)
		_exit(0);
	tell("vfork failed", !ends_well(pid));
	pid = -1;
	(void)posix_spawn(&pid, "/bin/canary", NULL, NULL, words, NULL);
	tell("posix_spawn failed", !ends_well(pid));
	for (int family = AF_UNIX; family <= AF_INET; family++)
		tell("socket failed", socket(family, SOCK_DGRAM, 0) < 0);
	tell("netlink failed", socket(AF_NETLINK, SOCK_RAW, 0) < 0);
	tell("personality failed", syscall(SYS_personality, 0xffffffffUL) < 0 ||
					   syscall(SYS_personality, 0x20008UL) < 0 ||
					   syscall(SYS_personality, 0UL) < 0);
	tell("a thread failed", pthread_create(&thread, NULL, mark, &ran) != 0 ||
					pthread_join(thread, NULL) != 0 || !ran);
	return 0;
}

/* What was opened with O_PATH is opened, or changed, anew. */
static void
try_to_change(int file_fd)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file_fd);
	fd = open(path, O_WRONLY | O_APPEND);
	tell("appended", fd >= 0 && write(fd, "x", 1) == 1);
	fd = open(path, O_RDWR);
	tell("written", fd >= 0 && write(fd, "x", 1) == 1);
	tell("opened to be emptied", open(path, O_WRONLY | O_TRUNC) >= 0);
	tell("truncated", truncate(path, 1) == 0);
	tell("chmod", chmod(path, 0777) == 0);
	tell("chown", chown(path, 1, 1) == 0);
	tell("setxattr", setxattr(path, "user.canary", "x", 1, 0) == 0);
}

static int
socket_at(const char *path, struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "%s", path);
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

/* A message of one byte with a descriptor. */
struct packet {
	char byte;
	struct iovec part;
	char control[CMSG_SPACE(sizeof(int))];
	struct msghdr head;
};

static void
packet_init(struct packet *packet)
{
	*packet = (struct packet){ .byte = 'x' };
	packet->part = (struct iovec){ &packet->byte, 1 };
	packet->head = (struct msghdr){
		.msg_iov = &packet->part,
		.msg_iovlen = 1,
		.msg_control = packet->control,
		.msg_controllen = sizeof(packet->control),
	};
}

static int
try_engine(const char *path)
{
	struct sockaddr_un address;
	int socket_fd = socket_at(path, &address);
	int file_fd = open("/proc/1/exe", O_PATH);
	struct packet packet;
	struct cmsghdr *head;

	if (file_fd < 0)
		return 0;
	try_to_change(file_fd);
	packet_init(&packet);
	head = CMSG_FIRSTHDR(&packet.head);
	*head = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(sizeof(int)),
	};
	memcpy(CMSG_DATA(head), &file_fd, sizeof(int));
	if (connect(socket_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    sendmsg(socket_fd, &packet.head, 0) != 1)
		puts("not sent");
	return 0;
}

static int
keep_engine(const char *path)
{
	struct sockaddr_un address;
	int listen_fd = socket_at(path, &address);
	struct packet packet;
	int socket_fd;
	int file_fd;

	(void)unlink(path);
	if (bind(listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listen_fd, 1) < 0 || puts("ready") < 0 || fflush(stdout) != 0)
		return 1;
	socket_fd = accept(listen_fd, NULL, NULL);
	packet_init(&packet);
	if (recvmsg(socket_fd, &packet.head, 0) != 1 || !CMSG_FIRSTHDR(&packet.head))
		return 1;
	memcpy(&file_fd, CMSG_DATA(CMSG_FIRSTHDR(&packet.head)), sizeof(int));
	if (read(socket_fd, &packet.byte, 1) != 0 || usleep(500000) != 0)
		return 1;
	try_to_change(file_fd);
	puts("tried");
	return 0;
}

/* Its tracer stays when the job itself has ended. */
static int
stop_first(void)
{
	int started[2];
	char byte;

	if (pipe(started) < 0)
		return 1;
	if (fork() == 0) {
		if (ptrace(PTRACE_SEIZE, 1, NULL, NULL) < 0 ||
		    ptrace(PTRACE_INTERRUPT, 1, NULL, NULL) < 0 || waitpid(1, NULL, 0) != 1)
			_exit(0);
		(void)write(started[1], "x", 1);
		for (;;)
			pause();
	}
	(void)close(started[1]);
	(void)read(started[0], &byte, 1);
	return 0;
}

static int
hog(void)
{
	int count = 0;

	while (count < 10000000 && open("/", O_RDONLY) >= 0)
		count++;
	printf("%s\n", count < 10000000 ? "bounded" : "no bound");
	return 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	/* On the machine itself it would do what it tries. */
	if (access("/bin/canary", X_OK) < 0) {
		(void)fputs("canary: only for roots of jobs\n", stderr);
		return 2;
	}
	if (strcmp(what, "hog") == 0)
		return hog();
	if (strcmp(what, "stop") == 0)
		return stop_first();
	if (strcmp(what, "engine") == 0)
		return try_engine(argv[2]);
	if (strcmp(what, "keep") == 0)
		return keep_engine(argv[2]);
	if (strcmp(what, "nothing") == 0)
		return 0;
	if (strcmp(what, "works") == 0)
		return try_works();
	if (strcmp(what, "others") == 0)
		try_others();
	try_keys();
	try_terminal();
	try_mounts();
	try_namespaces();
	try_kernel();
	return 0;
}
