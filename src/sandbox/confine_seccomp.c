/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "base/error.h"
#include "sandbox/confine.h"

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

/* What unpacking needs, the C library's own needs included.  All else fails with EPERM. */
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

#define ALLOWED_COUNT (sizeof(allowed) / sizeof(allowed[0]))
#define PREFIX_COUNT 4

static unsigned
put_prefix(struct sock_filter *program, unsigned arch)
{
	const struct sock_filter prefix[PREFIX_COUNT] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};

	for (unsigned i = 0; i < PREFIX_COUNT; i++)
		program[i] = prefix[i];
	return PREFIX_COUNT;
}

static unsigned short
make_program(struct sock_filter *program, unsigned arch)
{
	unsigned at = put_prefix(program, arch);

	for (unsigned i = 0; i < ALLOWED_COUNT; i++) {
		unsigned char to_allow = (unsigned char)(ALLOWED_COUNT - i);

		program[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
							     to_allow, 0);
	}
	program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return (unsigned short)at;
}

int
confine_seccomp(bool *ret_stands, struct error **err)
{
#ifdef OUR_ARCH
	struct sock_filter program[PREFIX_COUNT + ALLOWED_COUNT + 2];
	struct sock_fprog filter = { make_program(program, OUR_ARCH), program };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) ==
	    0) {
		*ret_stands = true;
		return 0;
	}
	/* A kernel, or an outer filter, that knows no filters. */
	if (errno == ENOSYS || errno == EINVAL || errno == EPERM)
		return 0;
	return error_set_errno(err, errno, "cannot confine the helper with seccomp");
#else
	(void)make_program;
	return 0;
#endif
}
