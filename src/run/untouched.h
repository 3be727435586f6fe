/* untouched.h - what lies in an upper directory before a job starts, to go again unless the job has
 * touched it
 *
 *     overlay    the targets of mounts, and the folders above them, of which overlayfs makes copies
 *     copy       the whole image: what is left is what an overlay's upper directory would be; where
 *                something is gone there is a link to the file "whiteout" beside it, which no job
 *                can reach, and which needs no file system that takes overlayfs's device
 *
 * Who adds to a folder or takes from it, or changes content, a mode, an owner or an attribute,
 * changes the ctime; so does who takes one of several names of a file away, which then counts too.
 */
#ifndef OCIFP_RUN_UNTOUCHED_H
#define OCIFP_RUN_UNTOUCHED_H

#include <stdbool.h>
#include <stddef.h>

struct error;
struct root;
struct strings;
struct untouched_item;

#define UNTOUCHED_WHITEOUT "whiteout"

struct untouched {
	struct untouched_item *items;
	size_t count;
	bool is_whole; /* all that there was */
};

/* In the cell, before the job: of a copy everything, else what was made. */
int untouched_note(const struct root *root, const struct strings *made,
		   struct untouched *ret_untouched, struct error **err);

/* And after it. */
int untouched_remove(const struct root *root, struct untouched *untouched, struct error **err);
void untouched_release(struct untouched *untouched);

#endif
