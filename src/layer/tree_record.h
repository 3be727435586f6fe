/* SPDX-License-Identifier: Apache-2.0 */
/* tree_record.h - the metadata that a tree cannot hold, in a file beside it
 *
 *     owner UID GID PATH\0      the owner, if all files belong to one user
 *     implied PATH\0            a directory without an entry in the layer; the root is ""
 *     whiteout PATH\0           for overlayfs: a device that hides PATH of lower layers
 *
 * It describes the finished tree: each path has at most one line of a kind, and owner 0 0 is
 * omitted. Paths are raw, clean and without links.
 */
#ifndef OCIFP_LAYER_TREE_RECORD_H
#define OCIFP_LAYER_TREE_RECORD_H

#include <stdint.h>

#include "base/buf.h"

struct error;

struct tree_record {
	int fd; /* borrowed; -1: no record */
	struct buf pending;
};

void tree_record_init(struct tree_record *record, int fd);
int tree_record_owner(struct tree_record *record, uint32_t uid, uint32_t gid, const char *path,
		      struct error **err);
int tree_record_implied(struct tree_record *record, const char *path, struct error **err);
int tree_record_whiteout(struct tree_record *record, const char *path, struct error **err);
int tree_record_flush(struct tree_record *record, struct error **err);
void tree_record_release(struct tree_record *record);

/* For reading.  `kind` is 'o', 'i' or 'w'. */
typedef int tree_record_visit(void *context, char kind, const char *path, struct error **err);
int tree_record_read(const struct buf *bytes, tree_record_visit *visit, void *context,
		     struct error **err);

#endif
