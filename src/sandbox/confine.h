/* confine.h - the walls around a process that reads hostile bytes
 *
 *     confine_process   no core, no ptrace, few descriptors, bounded memory and time;
 *                       no_new_privs; landlock: files beneath one directory alone, no TCP
 *     confine_calls     seccomp, for all threads: files by descriptor, memory, threads' locks;
 *                       no socket, no exec, no new process
 *
 * In this order, with threads started in between; the first hostile byte is read after both.  A
 * wall that this kernel cannot build is left out and told in struct walls; one that it can and
 * refuses is an error.  Landlock counts from ABI 2 on (Linux 5.19): ABI 1 forbids hard links
 * between directories.
 */
#ifndef OCIFP_SANDBOX_CONFINE_H
#define OCIFP_SANDBOX_CONFINE_H

#include <stdbool.h>

struct error;

struct walls {
	bool limits;
	bool no_new_privs;
	int landlock_abi; /* 0: does not stand */
	bool seccomp;
};

/* `tree_fd` is the directory beneath which files may be made; -1: none anywhere. */
int confine_process(int tree_fd, struct walls *walls, struct error **err);
int confine_calls(struct walls *walls, struct error **err);

/* For confine.c: *ret_abi 0 and *ret_stands false where the kernel cannot. */
int confine_landlock(int tree_fd, int *ret_abi, struct error **err);
int confine_seccomp(bool *ret_stands, struct error **err);

#endif
