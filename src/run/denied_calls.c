#include "run/denied_calls.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
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
	CALL(delete_module),
	CALL(finit_module),
	CALL(init_module),
	CALL(kexec_load),
	CALL(keyctl),
	CALL(mount),
	CALL(name_to_handle_at),
	CALL(open_by_handle_at),
	CALL(perf_event_open),
	CALL(pivot_root),
	CALL(quotactl),
	CALL(reboot),
	CALL(request_key),
	CALL(setns),
	CALL(swapoff),
	CALL(swapon),
	CALL(umount2),
	CALL(unshare),
	CALL(userfaultfd),
#ifdef SYS_kexec_file_load
	CALL(kexec_file_load),
#endif
#ifdef SYS_open_tree
	CALL(open_tree),
	CALL(move_mount),
	CALL(fsopen),
	CALL(fsconfig),
	CALL(fsmount),
	CALL(fspick),
#endif
#ifdef SYS_mount_setattr
	CALL(mount_setattr),
#endif
	{ NULL, 0 },
};

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

/* Returns `action` when what was loaded is that value. */
static int
add_refusal(struct buf *buf, unsigned value, unsigned action, struct error **err)
{
	if (add(buf, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1), err) < 0)
		return -1;
	return add(buf, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action), err);
}

/* What makes a namespace of users, where a job would be root of all that the kernel has.  clone3(2)
 * keeps its flags in memory, where a filter cannot see them: it is as if it was not there, and what
 * is linked to a C library takes clone(2) then. */
static int
add_clones(struct buf *buf, struct error **err)
{
#ifdef SYS_clone3
	if (add_refusal(buf, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS, err) < 0)
		return -1;
#endif
	if (add(buf, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
		err) < 0 ||
	    add_load(buf, offsetof(struct seccomp_data, args), err) < 0 ||
	    add(buf, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1),
		err) < 0)
		return -1;
	return add(buf, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		   err);
}

/* Numbers of another machine (of 32 bit programs) mean other calls: all of these are refused. */
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

/* x32: the same machine, numbers with this bit. */
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
	if (add_clones(buf, err) < 0)
		return -1;
	return add(buf, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW), err);
}
