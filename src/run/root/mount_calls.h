/* SPDX-License-Identifier: Apache-2.0 */
/* mount_calls.h - mounts by descriptor (Linux 5.2, 5.12), which glibc got later than the kernel */
#ifndef OCIFP_RUN_ROOT_MOUNT_CALLS_H
#define OCIFP_RUN_ROOT_MOUNT_CALLS_H

struct error;

/* A copy, mounted nowhere yet, of the mount tree at that descriptor.  All: -1 with errno. */
int mount_clone(int fd);

/* It and all below. */
int mount_set_read_only(int tree_fd);

/* For a copy that is mounted nowhere yet, it and all below: files have the owners, seen from that
 * user namespace, that they have on disk.  EINVAL: a file system, or the kernel, cannot. */
int mount_shift(int tree_fd, int userns_fd);

/* Why not, of class "no_idmap"; for `path`.  ERROR_LOCAL. */
int mount_refuse_shift(int errnum, const char *path, struct error **err);

int mount_attach(int tree_fd, int target_fd);

#endif
