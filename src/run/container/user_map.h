/* SPDX-License-Identifier: Apache-2.0 */
/* user_map.h - the user namespace of a job, in which the files of its root have the image's owners
 *
 * Root's jobs have one too, in which each id means itself: it takes their power over the host's
 * kernel away.
 */
#ifndef OCIFP_RUN_CONTAINER_USER_MAP_H
#define OCIFP_RUN_CONTAINER_USER_MAP_H

#include <stdbool.h>
#include <sys/types.h>

#include "sandbox/id_map.h"

struct error;

/* Writes the maps of a process that has just created its user namespace. */
int user_map_write(const struct id_map *map, pid_t pid, struct error **err);

/* A user namespace with that map and without a process, for mount_shift(); -1 with *err. */
int user_map_open(const struct id_map *map, struct error **err);

/* Whether the job may have this user and group. */
bool user_map_has(const struct id_map *map, uid_t uid, gid_t gid);

#endif
