/* untouched.h - what is made in an upper directory before a job starts, to go again unless the job
 * has touched it
 *
 * The targets of mounts, and the folders above them, of which overlayfs makes copies: they are no
 * part of what the job wrote.  Who adds to a folder or takes from it, or changes a mode, an owner
 * or an attribute, changes the ctime.
 */
#ifndef OCIFP_RUN_UNTOUCHED_H
#define OCIFP_RUN_UNTOUCHED_H

#include <stddef.h>

struct root;
struct strings;
struct untouched_item;

struct untouched {
	struct untouched_item *items;
	size_t count;
};

/* In the cell: before the job, of all that was made; and after it. */
void untouched_note(const struct root *root, const struct strings *made,
		    struct untouched *ret_untouched);
void untouched_remove(const struct root *root, struct untouched *untouched);
void untouched_release(struct untouched *untouched);

#endif
