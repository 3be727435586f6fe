/* SPDX-License-Identifier: Apache-2.0 */
/* stage.h - a private directory beside the place where its content will be moved
 *
 * Locked while it is in use; one that a killed run left is emptied and reused.
 */
#ifndef OCIFP_IMAGE_UNPACK_STAGE_H
#define OCIFP_IMAGE_UNPACK_STAGE_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "sandbox/id_map.h"

struct error;

struct stage {
	char *directory; /* the final path of the tree, without trailing '/' */
	char *path;      /* of the stage */
	int fd;
	int tree_fd;   /* "fs" in the stage */
	int record_fd; /* "owners" in the stage; -1: not needed */
	struct id_map map;
	bool is_held; /* signals wait until it is released */
};

#define STAGE_INIT ((struct stage){ .fd = -1, .tree_fd = -1, .record_fd = -1 })

int stage_open(const char *directory, const struct id_map *map, struct stage *ret_stage,
	       struct error **err);

/* Moves the tree to its final name, and the record beside it. */
int stage_commit(struct stage *stage, struct error **err);

/* Removes what was not committed. */
void stage_release(struct stage *stage);
#define AUTO_STAGE CLEANUP(stage_release)

#endif
