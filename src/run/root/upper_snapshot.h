/* SPDX-License-Identifier: Apache-2.0 */
/* upper_snapshot.h - the entries of an upper directory before a job starts; removed afterwards
 * unless the job has touched them
 *
 *     overlay    targets of mounts, and the directories above them, which overlayfs copies up
 *     copy       the whole image: the rest is what an overlay's upper directory would have; for a
 *                removed file a link to the file "whiteout" beside it, which the job cannot reach,
 *                and which needs no support for overlayfs's device
 *
 * Adding to a directory or removing from it, and changing content, mode, owner or attributes,
 * changes the ctime.  So does removing one of a file's several names, which then counts as a change
 * too.
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
	bool is_whole; /* all entries */
};

/* In the container, before the job: notes everything for a copy, else the entries that were made.
 */
int upper_snapshot_note(const struct root *root, const struct strings *made,
			struct upper_snapshot *ret_snapshot, struct error **err);

/* After the job: removes the untouched ones. */
int upper_snapshot_remove(const struct root *root, struct upper_snapshot *snapshot,
			  struct error **err);
void upper_snapshot_release(struct upper_snapshot *snapshot);

#endif
