/* SPDX-License-Identifier: Apache-2.0 */
/* id_map.h - the owners of an unpacked tree's files
 *
 *     ID_MAP_HOST    root: the image's numbers as they are
 *     ID_MAP_RANGES  a user with subordinate ids (subuid(5)): 0 is the user, 1 .. n are from the
 *                    ranges; made by newuidmap(1) in a user namespace
 *     ID_MAP_OWN     any other user, and uid 0 of a user namespace with few ids: all files belong
 *                    to the user, and their owners in the image are recorded beside the tree
 */
#ifndef OCIFP_SANDBOX_ID_MAP_H
#define OCIFP_SANDBOX_ID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

enum id_map_kind { ID_MAP_HOST, ID_MAP_RANGES, ID_MAP_OWN };

struct id_range {
	uint32_t inside;
	uint32_t outside;
	uint32_t count;
};

#define ID_RANGES_LIMIT_COUNT 32 /* lines of one user; usually 1, the kernel takes 340 */

/* The size of a rootless container's map by subuid(5); images of distributions need as many. */
#define ID_MAP_ALL_COUNT 65536

struct id_ranges {
	struct id_range items[ID_RANGES_LIMIT_COUNT];
	size_t count;
};

struct id_map {
	enum id_map_kind kind;
	struct id_ranges uids; /* of ID_MAP_RANGES */
	struct id_ranges gids;
};

/* The best map that the user and the machine allow. */
int id_map_choose(struct id_map *ret_map, struct error **err);

/* For a job of root that needs ids of its own: ID_MAP_ALL_COUNT of root's subordinate ids, else the
 * last of those that systemd's UIDS-GIDS.md reserves for containers. */
#define ID_MAP_SHIFTED_FIRST 0x6fff0000U
int id_map_choose_shifted(struct id_map *ret_map, struct error **err);

/* Adds the user's ranges from `file`, which is like /etc/subuid; `user` NULL: the name is not
 * known. */
int id_ranges_read(const char *file, const char *user, uid_t uid, struct id_ranges *ranges,
		   struct error **err);

bool id_ranges_has(const struct id_ranges *ranges, uint32_t inside);

/* Short, valid in a file name, and the same for the same map: "host", "own", "ranges-<hex>". */
struct id_map_name {
	char text[32];
};

struct id_map_name id_map_name(const struct id_map *map);

/* Writes the maps of a child that has created its user namespace, with newuidmap and newgidmap. */
int id_map_write(const struct id_map *map, pid_t pid, struct error **err);

#endif
