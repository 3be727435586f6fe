/* SPDX-License-Identifier: Apache-2.0 */
/* id_map.h - whose files an unpacked tree's are
 *
 *     ID_MAP_HOST    root: the image's numbers as they are
 *     ID_MAP_RANGES  a user with subordinate ids (subuid(5)): 0 is the user, 1 .. n are from the
 *                    ranges; made by newuidmap(1) in a user namespace
 *     ID_MAP_OWN     any other user, and uid 0 of a user namespace with few ids: all files are the
 * user's own, and whose they should be is recorded beside the tree
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

/* What a rootless container has by subuid(5), and what the images of distributions use. */
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

/* The best one that the user and the machine allow. */
int id_map_choose(struct id_map *ret_map, struct error **err);

/* For a job of root whose ids nobody else has: ID_MAP_ALL_COUNT of root's subordinate ids, else the
 * last of those that systemd's UIDS-GIDS.md sets apart for containers. */
#define ID_MAP_SHIFTED_FIRST 0x6fff0000U
int id_map_choose_shifted(struct id_map *ret_map, struct error **err);

/* Adds the user's ranges in `file`, which is like /etc/subuid; `user` NULL: no name is known. */
int id_ranges_read(const char *file, const char *user, uid_t uid, struct id_ranges *ranges,
		   struct error **err);

/* Short, fit for a file name, the same for the same map: "host", "own", "ranges-<hex>". */
struct id_map_name {
	char text[32];
};

struct id_map_name id_map_name(const struct id_map *map);

/* Writes the maps of a child that has made its user namespace, with newuidmap and newgidmap. */
int id_map_write(const struct id_map *map, pid_t pid, struct error **err);

#endif
