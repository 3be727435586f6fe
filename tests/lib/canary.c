/* canary: tries what a job must not be able to do, and prints what it could
 *
 *     canary          keys, terminals, mounts, namespaces
 *     canary others   and what pid 1 has
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
#include <sys/syscall.h>
#include <sys/wait.h>
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
	tell("a thread failed", pthread_create(&thread, NULL, mark, &ran) != 0 ||
					pthread_join(thread, NULL) != 0 || !ran);
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
	const char *what = argc == 2 ? argv[1] : "";

	/* On the machine itself it would do what it tries. */
	if (access("/bin/canary", X_OK) < 0) {
		(void)fputs("canary: only for roots of jobs\n", stderr);
		return 2;
	}
	if (strcmp(what, "hog") == 0)
		return hog();
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
	return 0;
}
