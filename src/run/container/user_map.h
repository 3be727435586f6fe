/* SPDX-License-Identifier: Apache-2.0 */
/* user_map.h - the user namespace of a job, in which the files of its root belong to whom they
 * should
 *
 * Root's jobs have one too, where every number means itself: there it has no power over the host's
 * kernel.
 */
#ifndef OCIFP_RUN_CONTAINER_USER_MAP_H
#define OCIFP_RUN_CONTAINER_USER_MAP_H

#include <stdbool.h>
#include <sys/types.h>

#include "sandbox/id_map.h"

struct error;

/* Writes the maps of a process that has just made its user namespace. */
int user_map_write(const struct id_map *map, pid_t pid, struct error **err);

/* A user namespace of that map which holds no process, for mount_shift(); -1 with *err. */
int user_map_open(const struct id_map *map, struct error **err);

/* Whether the job may have this user and group. */
bool user_map_has(const struct id_map *map, uid_t uid, gid_t gid);

#endif
