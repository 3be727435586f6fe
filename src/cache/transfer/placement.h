/* SPDX-License-Identifier: Apache-2.0 */
/* placement.h - one path of a restore: made beside its place by the confined helper, then put there
 *
 *     DIR/.NAME.ocifp/fs    beside the path, on the same file system, then renamed; what was there
 *                           changes places with it
 *     PATH/.cache.ocifp/fs  in it, when the path is a mount point; its entries are moved one by
 * one. While that directory holds "moving", what lies in the path is not whole: the next restore
 * replaces it.
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
	PLACEMENT_NEW,     /* what has content is left alone: see placement_is_free() */
	PLACEMENT_REPLACE, /* what is there is removed */
	PLACEMENT_MERGE,   /* what is there stays, files and directories; only what is missing comes
			    */
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

/* Whether the path is not there, empty, or was left half filled by a killed restore. */
bool placement_is_free(const struct cache_root *root);

/* Makes the stage and starts the helper. */
int placement_open(struct placement *placement, const struct cache_root *root, int head_fd,
		   const struct restore_request *request, struct error **err);

/* Whether the helper should get one more pack now: it is given a few ahead. */
bool placement_wants(const struct placement *placement);
int placement_send(struct placement *placement, const struct digest *digest, int fd,
		   struct error **err);

/* Takes what the helper says; waits for it when nothing came yet. */
int placement_hear(struct placement *placement, struct error **err);
int placement_poll_fd(const struct placement *placement);

/* After the helper has ended: the tree under its name. */
int placement_commit(struct placement *placement, enum placement_way way, struct error **err);

/* Empties the path again, by the helper. */
int placement_remove(const struct cache_root *root, struct error **err);
void placement_release(struct placement *placement);

#endif
