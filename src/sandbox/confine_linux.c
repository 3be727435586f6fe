/* SPDX-License-Identifier: Apache-2.0 */
/* The sandbox of Linux: no new privileges, landlock(7) for files, seccomp(2) for system calls */
#include "sandbox/confine.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/cleanup.h"
#include "base/error.h"

/* landlock(7).  The headers of the systems that we build on lack it, or parts of it. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define ASK_VERSION 1U
#define RULE_PATH_BENEATH 1
#define USEFUL_ABI 2

#define RIGHT_EXECUTE (UINT64_C(1) << 0)
#define RIGHTS_OF_ABI_2 ((UINT64_C(1) << 14) - 1) /* all up to REFER */
#define RIGHT_TRUNCATE (UINT64_C(1) << 14)        /* ABI 3 */
#define RIGHT_IOCTL (UINT64_C(1) << 15)           /* ABI 5 */
#define NET_RIGHTS UINT64_C(3)                    /* ABI 4: bind and connect TCP */
#define SCOPES UINT64_C(3)                        /* ABI 6: abstract sockets, signals */

struct ruleset {
	uint64_t files;
	uint64_t net;
	uint64_t scopes;
};

struct __attribute__((packed)) path_rule {
	uint64_t allowed;
	int32_t parent_fd;
};

static struct ruleset
everything(long abi)
{
	struct ruleset ruleset = { .files = RIGHTS_OF_ABI_2 };

	if (abi >= 3)
		ruleset.files |= RIGHT_TRUNCATE;
	if (abi >= 4)
		ruleset.net = NET_RIGHTS;
	if (abi >= 5)
		ruleset.files |= RIGHT_IOCTL;
	if (abi >= 6)
		ruleset.scopes = SCOPES;
	return ruleset;
}

static int
allow_tree(int ruleset_fd, uint64_t rights, int tree_fd)
{
	struct path_rule rule = { .allowed = rights & ~(RIGHT_EXECUTE | RIGHT_IOCTL),
				  .parent_fd = tree_fd };

	return (int)syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PATH_BENEATH, &rule, 0);
}

/* *ret_abi stays 0 on a kernel without it. */
static int
confine_landlock(int tree_fd, int *ret_abi, struct error **err)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
	struct ruleset ruleset = everything(abi);
	AUTO_CLOSE int ruleset_fd = -1;

	if (abi < USEFUL_ABI)
		return 0;
	/* An older kernel accepts a newer field if it is 0. */
	ruleset_fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (ruleset_fd < 0 ||
	    (tree_fd >= 0 && allow_tree(ruleset_fd, ruleset.files, tree_fd) < 0) ||
	    syscall(SYS_landlock_restrict_self, ruleset_fd, 0) < 0)
		return error_set_errno(err, errno, "cannot confine the helper with landlock");
	*ret_abi = (int)abi;
	return 0;
}

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif

/* openat2(2) came with Linux 5.6. */
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

/* The system calls that unpacking and the C library need.  All others fail with EPERM. */
static const unsigned allowed[] = {
	SYS_read,
	SYS_write,
	SYS_readv,
	SYS_writev,
	SYS_pread64,
	SYS_pwrite64,
	SYS_lseek,
	SYS_close,
	SYS_fcntl,
	SYS_ppoll,
	SYS_recvmsg,
	SYS_shutdown,
	/* files */
	SYS_openat,
	SYS_openat2,
	SYS_newfstatat,
	SYS_fstat,
	SYS_statx,
	SYS_fstatfs,
	SYS_getdents64,
	SYS_readlinkat,
	SYS_mkdirat,
	SYS_mknodat,
	SYS_linkat,
	SYS_symlinkat,
	SYS_unlinkat,
	SYS_fchmod,
	SYS_fchmodat,
	SYS_fchown,
	SYS_fchownat,
	SYS_fgetxattr,
	SYS_fsetxattr,
	SYS_flistxattr,
	SYS_fremovexattr,
	SYS_utimensat,
	SYS_ftruncate,
	SYS_umask,
	/* memory, threads, time, signals to ourselves */
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_mprotect,
	SYS_madvise,
	SYS_brk,
	SYS_futex,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_sched_yield,
	SYS_membarrier,
	SYS_clock_gettime,
	SYS_clock_nanosleep,
	SYS_getrandom,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_sigaltstack,
	SYS_restart_syscall,
	SYS_getpid,
	SYS_gettid,
	SYS_tgkill,
	SYS_exit,
	SYS_exit_group,
	SYS_sysinfo,
	SYS_prlimit64,
};

#define PREFIX_COUNT 4

static unsigned short
make_program(struct sock_filter *program, unsigned arch)
{
	const struct sock_filter prefix[PREFIX_COUNT] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	unsigned at;

	for (unsigned i = 0; i < PREFIX_COUNT; i++)
		program[i] = prefix[i];
	at = PREFIX_COUNT;
	for (unsigned i = 0; i < COUNT_OF(allowed); i++) {
		unsigned char to_allow = (unsigned char)(COUNT_OF(allowed) - i);

		program[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
							     to_allow, 0);
	}
	program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return (unsigned short)at;
}

/* *ret_stands stays false on a kernel without it. */
static int
confine_seccomp(bool *ret_stands, struct error **err)
{
#ifdef OUR_ARCH
	struct sock_filter program[PREFIX_COUNT + COUNT_OF(allowed) + 2];
	struct sock_fprog filter = { make_program(program, OUR_ARCH), program };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) ==
	    0) {
		*ret_stands = true;
		return 0;
	}
	/* The kernel, or an outer filter, does not support filters. */
	if (errno == ENOSYS || errno == EINVAL || errno == EPERM)
		return 0;
	return error_set_errno(err, errno, "cannot confine the helper with seccomp");
#else
	(void)make_program;
	return 0;
#endif
}

int
confine_files(int tree_fd, struct sandbox *sandbox, struct error **err)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set_errno(err, errno, "cannot drop privileges");
	sandbox->walls = WALLS_LINUX;
	sandbox->no_new_privs = true;
	return confine_landlock(tree_fd, &sandbox->landlock_abi, err);
}

int
confine_system_calls(struct sandbox *sandbox, struct error **err)
{
	return confine_seccomp(&sandbox->seccomp, err);
}
