/* cgroup_private.h - what cgroup.c and scope.c share */
#ifndef OCIFP_RUN_CONTAINER_CGROUP_PRIVATE_H
#define OCIFP_RUN_CONTAINER_CGROUP_PRIVATE_H

#include <stdbool.h>

#define CGROUPS "/sys/fs/cgroup"

/* Our group in the hierarchy of that controller ("" for v2): "/user.slice/x"; NULL: none.  The
 * caller owns it. */
char *cgroup_own(const char *controller);

/* One line to one file of a group; false: see errno. */
bool cgroup_write(const char *folder, const char *name, const char *value);

#endif
