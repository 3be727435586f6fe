/* cgroup_scope.h - a control group for ourselves, from the user's service manager
 *
 * A login session's group is not the user's, so none can be made beside it; but his service manager
 * makes him one that is (org.freedesktop.systemd1(5), StartTransientUnit of a scope with Delegate).
 */
#ifndef OCIFP_RUN_CONTAINER_CGROUP_SCOPE_H
#define OCIFP_RUN_CONTAINER_CGROUP_SCOPE_H

/* Where there is such a manager, we are then in a group beside which we may make others. */
void scope_enter(void);

#endif
