/* SPDX-License-Identifier: Apache-2.0 */
/* denied_calls.h - system calls that a job may not make
 *
 * Those that docker's default profile (moby/profiles 0.3.0) denies a container with our
 * capabilities: key rings, kernel modules, mounts, io_uring, memory policies, file handles.  They
 * fail with EPERM; so do clone(2) with a namespace flag, socket(2) for the families below, and
 * personality(2) for most values.  clone3(2) fails with ENOSYS.
 */
#ifndef OCIFP_RUN_ENGINE_DENIED_CALLS_H
#define OCIFP_RUN_ENGINE_DENIED_CALLS_H

#include "base/buf.h"

struct denied_call {
	const char *name; /* NULL ends the list */
	long number;
};

extern const struct denied_call denied_calls[];

extern const unsigned denied_families[]; /* 0 ends them */
extern const unsigned denied_family_first;

/* CLONE_NEW*: cgroup, ipc, mount, network, pid, user, uts */
#define DENIED_CLONE_FLAGS 0x7e020000U

/* The same as a filter program (struct sock_filter[]) for this machine; DENIED_FILTER_BYTES are
 * enough for the buffer. */
#define DENIED_FILTER_BYTES ((size_t)4096)
int denied_calls_filter(struct buf *buf, struct error **err);

#endif
