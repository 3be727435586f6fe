/* SPDX-License-Identifier: Apache-2.0 */
/* stage.h - a directory that is ours alone, beside the place where what is made in it will go
 *
 * Locked while it is in use: one that a killed run left is taken over, emptied.
 */
#ifndef OCIFP_IMAGE_UNPACK_STAGE_H
#define OCIFP_IMAGE_UNPACK_STAGE_H

#include "base/cleanup.h"
#include "sandbox/id_map.h"

struct error;

struct stage {
	char *directory; /* where the tree goes, without trailing '/' */
	char *path;      /* of the stage */
	int fd;
	int tree_fd;   /* "fs" in it */
	int record_fd; /* "owners" in it; -1: none is needed */
	struct id_map map;
};

#define STAGE_INIT ((struct stage){ .fd = -1, .tree_fd = -1, .record_fd = -1 })

int stage_open(const char *directory, const struct id_map *map, struct stage *ret_stage,
	       struct error **err);

/* The tree under its final name, the record beside it. */
int stage_commit(struct stage *stage, struct error **err);

/* What was not committed is removed. */
void stage_release(struct stage *stage);
#define AUTO_STAGE CLEANUP(stage_release)

#endif
