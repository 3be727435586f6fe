/* SPDX-License-Identifier: Apache-2.0 */
/* confine.h - the sandbox of a process that reads untrusted bytes
 *
 *     confine_process   no core, no ptrace, few descriptors, bounded memory and time
 *         Linux         no_new_privs; landlock: files below one directory only, no TCP
 *         macOS         sandbox_init(3): no socket, and without a directory no file
 *     confine_calls     no new process
 *         Linux         seccomp, for all threads: files by descriptor, memory, threads' locks;
 *                       no socket, no exec
 *         FreeBSD       Capsicum: files below open directories only, no socket, no exec
 *
 * In this order, with threads started in between; untrusted bytes are read after both.  A part that
 * this kernel does not support is omitted, as struct sandbox tells; any other failure is an error.
 * Landlock is used from ABI 2 on (Linux 5.19): ABI 1 forbids hard links between directories.
 */
#ifndef OCIFP_SANDBOX_CONFINE_H
#define OCIFP_SANDBOX_CONFINE_H

#include <stdbool.h>

struct error;

/* The sandbox that is in use. */
enum walls { WALLS_NONE, WALLS_LINUX, WALLS_CAPSICUM, WALLS_SEATBELT };

struct sandbox {
	enum walls walls;
	bool limits;
	bool no_new_privs;
	int landlock_abi; /* 0: not used */
	bool seccomp;
};

/* Files may be created below the directory `tree_fd` only; -1: nowhere. */
int confine_process(int tree_fd, struct sandbox *sandbox, struct error **err);
int confine_calls(struct sandbox *sandbox, struct error **err);

/* For confine.c: what the system has; in confine_linux.c, confine_capsicum.c, ... */
int confine_files(int tree_fd, struct sandbox *sandbox, struct error **err);
int confine_system_calls(struct sandbox *sandbox, struct error **err);

#endif
