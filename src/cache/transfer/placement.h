/* SPDX-License-Identifier: Apache-2.0 */
/* placement.h - one path of a restore: created beside its place by the confined helper, then moved
 *
 *     DIR/.NAME.ocifp/fs    beside the path, on the same file system, then renamed; an existing
 * tree is exchanged with it PATH/.cache.ocifp/fs  inside, if the path is a mount point; its entries
 * are moved one by one. While that directory has the file "moving", the path is incomplete: the
 *                           next restore replaces its content.
 */
#ifndef OCIFP_CACHE_TRANSFER_PLACEMENT_H
#define OCIFP_CACHE_TRANSFER_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "cache/tree/restorer.h"
#include "image/unpack/stage.h"

struct cache_root;
struct descriptor;
struct error;

enum placement_way {
	PLACEMENT_NEW,     /* leave existing content alone: see placement_is_free() */
	PLACEMENT_REPLACE, /* remove existing content */
	PLACEMENT_MERGE,   /* keep existing files and directories; add what is missing */
};

struct placement {
	const struct cache_root *root;
	struct stage stage;
	bool is_inside; /* the path is a mount point */
	struct restorer *restorer;
	size_t sent_count; /* packs */
	size_t done_count;
	bool has_ended;
	struct restored restored;
};

/* Whether the path is missing, empty, or was left incomplete by a killed restore. */
bool placement_is_free(const struct cache_root *root);

/* Creates the stage and starts the helper. */
int placement_open(struct placement *placement, const struct cache_root *root, int head_fd,
		   const struct restore_request *request, struct error **err);

/* Whether the helper should get another pack now: it gets a few in advance. */
bool placement_wants(const struct placement *placement);
int placement_send(struct placement *placement, const struct digest *digest, int fd,
		   struct error **err);

/* Reads the helper's message; waits if there is none yet. */
int placement_hear(struct placement *placement, struct error **err);
int placement_poll_fd(const struct placement *placement);

/* After the helper has ended: moves the tree to its place. */
int placement_commit(struct placement *placement, enum placement_way way, struct error **err);

/* Empties the path again, with the helper. */
int placement_remove(const struct cache_root *root, struct error **err);
void placement_release(struct placement *placement);

#endif
