/* denied_calls.h - system calls that no job needs and that lead out of its namespaces
 *
 * Key rings, kernel modules, mounts, other namespaces, handles of files: what docker's profile
 * refuses a job without capabilities.  They fail with EPERM.  So does clone(2) with CLONE_NEWUSER;
 * clone3(2) fails with ENOSYS.
 */
#ifndef OCIFP_RUN_DENIED_CALLS_H
#define OCIFP_RUN_DENIED_CALLS_H

#include "base/buf.h"

struct denied_call {
	const char *name; /* NULL ends the list */
	long number;
};

extern const struct denied_call denied_calls[];

/* The same as a filter program (struct sock_filter[]) for this machine; the buffer is large enough
 * with DENIED_FILTER_BYTES. */
#define DENIED_FILTER_BYTES ((size_t)4096)
int denied_calls_filter(struct buf *buf, struct error **err);

#endif
