/* tree_record.h - what a tree cannot say of itself, in a file beside it
 *
 *     owner UID GID PATH\0      whose the file should be, where all belong to one user
 *     implied PATH\0            a directory that the layer has no entry for; the root is ""
 *     whiteout PATH\0           of a layer for overlayfs: a device that hides PATH of lower ones
 *
 * Of the tree as it is at last: each path has one line of a kind at most, and owners 0 0 are not
 * written.  Paths are raw, clean and free of links.
 */
#ifndef OCIFP_LAYER_TREE_RECORD_H
#define OCIFP_LAYER_TREE_RECORD_H

#include <stdint.h>

#include "base/buf.h"

struct error;

struct tree_record {
	int fd; /* -1: nothing is kept; borrowed */
	struct buf pending;
};

void tree_record_init(struct tree_record *record, int fd);
int tree_record_owner(struct tree_record *record, uint32_t uid, uint32_t gid, const char *path,
		      struct error **err);
int tree_record_implied(struct tree_record *record, const char *path, struct error **err);
int tree_record_whiteout(struct tree_record *record, const char *path, struct error **err);
int tree_record_flush(struct tree_record *record, struct error **err);
void tree_record_release(struct tree_record *record);

/* Reading.  `kind` is 'o', 'i' or 'w'. */
typedef int tree_record_visit(void *context, char kind, const char *path, struct error **err);
int tree_record_read(const struct buf *bytes, tree_record_visit *visit, void *context,
		     struct error **err);

#endif
