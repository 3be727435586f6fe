/* SPDX-License-Identifier: Apache-2.0 */
/* mount_calls.h - mounts by descriptor (Linux 5.2, 5.12), which glibc supports later than the
 * kernel */
#ifndef OCIFP_RUN_ROOT_MOUNT_CALLS_H
#define OCIFP_RUN_ROOT_MOUNT_CALLS_H

struct error;

/* A detached copy of the mount tree at that descriptor.  All: -1 with errno. */
int mount_clone(int fd);

/* It and all below. */
int mount_set_read_only(int tree_fd);

/* For a detached copy with everything below it: files have, seen from that user namespace, the
 * owners that they have on disk.  EINVAL: the file system, or the kernel, does not support it. */
int mount_shift(int tree_fd, int userns_fd);

/* ERROR_LOCAL, class "no_idmap", with the reason, for `path`. */
int mount_refuse_shift(int errnum, const char *path, struct error **err);

int mount_attach(int tree_fd, int target_fd);

#endif
