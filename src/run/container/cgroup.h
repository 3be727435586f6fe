/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup.h - limits of a job: a control group of its own
 *
 *     v1    /sys/fs/cgroup/CONTROLLER/<our group>/ocifp-<root>
 *     v2    /sys/fs/cgroup/<beside our group>/ocifp-<root>     a group with members cannot have
 *                                                              subgroups with controllers
 *
 * Kernel, Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.
 */
#ifndef OCIFP_RUN_CONTAINER_CGROUP_H
#define OCIFP_RUN_CONTAINER_CGROUP_H

#include <stdint.h>
#include <sys/types.h>

#include "base/strings.h"

struct error;
struct observer;
struct root;

/* 0: no limit */
struct job_limits {
	uint64_t memory_bytes;
	uint64_t cpu_thousandths; /* of one processor */
	uint64_t pids;
};

/* "512m", "2g": text_parse_size(); "1.5": processors.  NULL texts: no limit. */
int job_limits_parse(const char *memory, const char *cpus, unsigned pids,
		     struct job_limits *ret_limits, struct error **err);

struct cgroup {
	struct strings paths; /* paths of the groups that were made */
};

/* A limit that is not available is left out with a notice: on many hosts only root may set it. */
int cgroup_make(const struct root *root, const struct job_limits *limits, struct observer *observer,
		struct cgroup *ret_cgroup, struct error **err);
void cgroup_enter(const struct cgroup *cgroup, pid_t pid, struct observer *observer);

/* Removes the groups, once all processes in them have ended. */
void cgroup_remove(struct cgroup *cgroup);

/* Removes the groups that a killed run left. */
void cgroup_remove_left(const struct root *root);

#endif
