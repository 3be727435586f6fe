/* SPDX-License-Identifier: Apache-2.0 */
#include "run/engine/denied_calls.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#define CALL(name) \
	{ \
#name, SYS_##name \
	}

const struct denied_call denied_calls[] = {
	CALL(acct),
	CALL(add_key),
	CALL(bpf),
	CALL(clock_settime),
	CALL(delete_module),
	CALL(fanotify_init),
	CALL(finit_module),
	CALL(get_mempolicy),
	CALL(init_module),
	CALL(kcmp),
	CALL(kexec_load),
	CALL(keyctl),
	CALL(lookup_dcookie),
	CALL(mbind),
	CALL(migrate_pages),
	CALL(mount),
	CALL(move_pages),
	CALL(open_by_handle_at),
	CALL(perf_event_open),
	CALL(pivot_root),
	CALL(quotactl),
	CALL(reboot),
	CALL(request_key),
	CALL(set_mempolicy),
	CALL(setdomainname),
	CALL(sethostname),
	CALL(setns),
	CALL(settimeofday),
	CALL(swapoff),
	CALL(swapon),
	CALL(syslog),
	CALL(umount2),
	CALL(unshare),
	CALL(userfaultfd),
	CALL(vhangup),
#ifdef SYS_create_module
	CALL(create_module),
#endif
#ifdef SYS_fsconfig
	CALL(fsconfig),
#endif
#ifdef SYS_fsmount
	CALL(fsmount),
#endif
#ifdef SYS_fsopen
	CALL(fsopen),
#endif
#ifdef SYS_fspick
	CALL(fspick),
#endif
#ifdef SYS_get_kernel_syms
	CALL(get_kernel_syms),
#endif
#ifdef SYS_io_uring_enter
	CALL(io_uring_enter),
#endif
#ifdef SYS_io_uring_register
	CALL(io_uring_register),
#endif
#ifdef SYS_io_uring_setup
	CALL(io_uring_setup),
#endif
#ifdef SYS_ioperm
	CALL(ioperm),
#endif
#ifdef SYS_iopl
	CALL(iopl),
#endif
#ifdef SYS_kexec_file_load
	CALL(kexec_file_load),
#endif
#ifdef SYS_mount_setattr
	CALL(mount_setattr),
#endif
#ifdef SYS_move_mount
	CALL(move_mount),
#endif
#ifdef SYS_nfsservctl
	CALL(nfsservctl),
#endif
#ifdef SYS_open_tree
	CALL(open_tree),
#endif
#ifdef SYS_pidfd_getfd
	CALL(pidfd_getfd),
#endif
#ifdef SYS_process_madvise
	CALL(process_madvise),
#endif
#ifdef SYS_query_module
	CALL(query_module),
#endif
#ifdef SYS_quotactl_fd
	CALL(quotactl_fd),
#endif
#ifdef SYS_set_mempolicy_home_node
	CALL(set_mempolicy_home_node),
#endif
#ifdef SYS__sysctl
	CALL(_sysctl),
#endif
#ifdef SYS_sysfs
	CALL(sysfs),
#endif
#ifdef SYS_uselib
	CALL(uselib),
#endif
#ifdef SYS_ustat
	CALL(ustat),
#endif
#ifdef SYS_vserver
	CALL(vserver),
#endif
	{ NULL, 0 },
};

/* Allowed socket families.  Others are of the host, not of a network namespace (AF_VSOCK), or have
 * a history of vulnerabilities (AF_ALG).  Those from `denied_family_first` on are newer. */
const unsigned denied_families[] = { 3, 4, 5, 6, 11, 12, 19, 20, 23, 25, 34, 37, 38, 40, 0 };
const unsigned denied_family_first = 46;

/* Linux, 32 bit, the release as 2.6, both, and the question. */
static const unsigned allowed_personalities[] = { 0, 0x8, 0x20000, 0x20008, UINT32_MAX };

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif

static int
add(struct buf *buf, struct sock_filter instruction, struct error **err)
{
	return buf_append(buf, &instruction, sizeof(instruction), err);
}

static int
add_load(struct buf *buf, size_t offset, struct error **err)
{
	return add(buf, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset),
		   err);
}

/* Returns `action` if the loaded value is this one. */
static int
add_refusal(struct buf *buf, unsigned value, unsigned action, struct error **err)
{
	if (add(buf, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), err) < 0)
		return -1;
	return add(buf, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action), err);
}

/* Rules for one call, by its first argument; other arguments are allowed. */
static int
add_rules(struct buf *buf, long number, const struct sock_filter *rules, size_t count,
	  struct error **err)
{
	const struct sock_filter is_call = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0,
						    (unsigned char)(count + 2));
	const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

	if (add(buf, is_call, err) < 0 ||
	    add_load(buf, offsetof(struct seccomp_data, args), err) < 0 ||
	    buf_append(buf, rules, count * sizeof(*rules), err) < 0)
		return -1;
	return add(buf, allow, err);
}

/* In a new user namespace a job would have root's power over kernel interfaces.  clone3(2) keeps
 * its flags in memory, where a filter cannot see them: it fails with ENOSYS, and the C library then
 * uses clone(2). */
static int
add_clones(struct buf *buf, struct error **err)
{
	const struct sock_filter rules[] = {
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, DENIED_CLONE_FLAGS, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};

#ifdef SYS_clone3
	if (add_refusal(buf, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS, err) < 0)
		return -1;
#endif
	return add_rules(buf, SYS_clone, rules, COUNT_OF(rules), err);
}

static int
add_sockets(struct buf *buf, struct error **err)
{
	struct sock_filter rules[2 * COUNT_OF(denied_families)];
	const struct sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	size_t count = 0;

	for (const unsigned *family = denied_families; *family; family++) {
		rules[count++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, *family, 0, 1);
		rules[count++] = refuse;
	}
	rules[count++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, denied_family_first, 0, 1);
	rules[count++] = refuse;
	return add_rules(buf, SYS_socket, rules, count, err);
}

static int
add_personalities(struct buf *buf, struct error **err)
{
	enum { COUNT = COUNT_OF(allowed_personalities) };
	struct sock_filter rules[2 * COUNT + 1];
	size_t count = 0;

	for (size_t i = 0; i < COUNT; i++) {
		rules[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							      allowed_personalities[i], 0, 1);
		rules[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	rules[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	return add_rules(buf, SYS_personality, rules, count, err);
}

/* Call numbers of another architecture (of 32-bit programs) mean other calls: all are refused. */
static int
add_machine(struct buf *buf, struct error **err)
{
#ifdef MACHINE
	if (add_load(buf, offsetof(struct seccomp_data, arch), err) < 0 ||
	    add(buf, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0), err) <
		    0)
		return -1;
	return add(buf, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		   err);
#else
	return add(buf, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW), err);
#endif
}

/* x32 uses the x86-64 numbers with this bit set. */
static int
add_other_numbers(struct buf *buf, struct error **err)
{
#ifdef __x86_64__
	if (add(buf, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
		err) < 0)
		return -1;
	return add(buf, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		   err);
#else
	(void)buf;
	(void)err;
	return 0;
#endif
}

int
denied_calls_filter(struct buf *buf, struct error **err)
{
	const unsigned refuse = SECCOMP_RET_ERRNO | EPERM;

	if (add_machine(buf, err) < 0 ||
	    add_load(buf, offsetof(struct seccomp_data, nr), err) < 0 ||
	    add_other_numbers(buf, err) < 0)
		return -1;
	for (const struct denied_call *call = denied_calls; call->name; call++)
		if (add_refusal(buf, (unsigned)call->number, refuse, err) < 0)
			return -1;
	if (add_clones(buf, err) < 0 || add_sockets(buf, err) < 0 ||
	    add_personalities(buf, err) < 0)
		return -1;
	return add(buf, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW), err);
}
