/* mount_calls.h - mounts by descriptor (Linux 5.2, 5.12), which glibc got later than the kernel */
#ifndef OCIFP_RUN_ROOT_MOUNT_CALLS_H
#define OCIFP_RUN_ROOT_MOUNT_CALLS_H

/* A copy, mounted nowhere yet, of the mount tree at that descriptor.  All: -1 with errno. */
int mount_clone(int fd);

/* It and all below. */
int mount_set_read_only(int tree_fd);
int mount_attach(int tree_fd, int target_fd);

#endif
