/* SPDX-License-Identifier: Apache-2.0 */
/* upper_snapshot.h - what lies in an upper directory before a job starts, to go again unless the
 * job has touched it
 *
 *     overlay    the targets of mounts, and the folders above them, of which overlayfs makes copies
 *     copy       the whole image: what is left is what an overlay's upper directory would be; where
 *                something is gone there is a link to the file "whiteout" beside it, which no job
 *                can reach, and which needs no file system that takes overlayfs's device
 *
 * Who adds to a folder or takes from it, or changes content, a mode, an owner or an attribute,
 * changes the ctime; so does who takes one of several names of a file away, which then counts too.
 */
#ifndef OCIFP_RUN_ROOT_UPPER_SNAPSHOT_H
#define OCIFP_RUN_ROOT_UPPER_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct root;
struct strings;
struct upper_snapshot_item;

#define UNTOUCHED_WHITEOUT "whiteout"

struct upper_snapshot {
	struct upper_snapshot_item *items;
	size_t count;
	bool is_whole; /* all that there was */
};

/* In the container, before the job: of a copy everything, else what was made. */
int upper_snapshot_note(const struct root *root, const struct strings *made,
			struct upper_snapshot *ret_snapshot, struct error **err);

/* And after it. */
int upper_snapshot_remove(const struct root *root, struct upper_snapshot *snapshot,
			  struct error **err);
void upper_snapshot_release(struct upper_snapshot *snapshot);

#endif
