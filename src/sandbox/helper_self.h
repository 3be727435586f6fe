/* SPDX-License-Identifier: Apache-2.0 */
/* helper_self.h - this program's own file as `ocifp-layer`, where both are one binary
 *
 * The file is opened at the start, before the working directory changes or the file is replaced,
 * and is started by that descriptor, which needs neither a path nor /proc.
 */
#ifndef OCIFP_SANDBOX_HELPER_SELF_H
#define OCIFP_SANDBOX_HELPER_SELF_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Opens AT_EXECFN, else /proc/self/exe.  Without either helper_self_is_open() stays false. */
void helper_self_open(void);
bool helper_self_is_open(void);

/* `ocifp-layer VERB` with an empty environment and these descriptors from HELPER_CHANNEL_FD on.
 * They lie at HELPER_PARKING_FD or above.  0 or an errno value. */
int helper_self_spawn(const char *verb, const int *fds, size_t fd_count, pid_t *ret_pid);

#endif
