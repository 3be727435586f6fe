/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h - a root filesystem, created from layers below a root descriptor
 *
 *     flat      each layer over the previous ones: whiteouts remove
 *     overlay   a single layer, for overlayfs: a whiteout becomes a character device 0:0, an
 *               opaque directory gets user.overlay.opaque
 *               (kernel, Documentation/filesystems/overlayfs.rst)
 *
 * Layers are not trusted.  Parents are opened below the root (beneath.h), files are created in them
 * with O_EXCL and never through a link, and content and metadata are set through the new file's
 * descriptor. Directories have mode 0700 until tree_finish() sets their modes and times.
 */
#ifndef OCIFP_LAYER_HELPER_TREE_H
#define OCIFP_LAYER_HELPER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "layer/helper/beneath.h"
#include "layer/helper/entry.h"
#include "layer/helper/inode_map.h"
#include "layer/helper/inode_set.h"
#include "layer/tree_record.h"
#include "sandbox/id_map.h"

struct error;
struct layer_piece;

/* A directory's mode and time, set by tree_finish(). */
struct tree_fix {
	mode_t mode;
	struct timespec modified;
	bool is_implied; /* the layer has no entry for it */
};

/* The owner that a file should have. */
struct tree_owner {
	uint32_t uid;
	uint32_t gid;
};

struct tree_counts {
	uint64_t entries;
	uint64_t unpacked_bytes;
	uint64_t skipped_devices; /* and sockets */
	uint64_t dropped_xattrs;  /* not allowed, or not supported here */
	uint64_t set_id_files;
};

struct tree {
	struct beneath beneath;
	bool overlay;
	bool devices; /* create them: as root, never for overlay */
	struct id_map map;
	struct inode_set created;   /* by this layer; also directories that it has an entry for */
	struct inode_set links;     /* names of lower files that this layer added: tree_remove.c */
	struct inode_set cleared;   /* directories that contain this layer's files only */
	struct inode_map fix_slots; /* by directory: index in `fixes` */
	struct tree_fix *fixes;
	size_t fix_count;
	size_t live_fix_count;        /* of directories that still exist */
	struct inode_map owner_slots; /* by file, for the record: index in `owners` */
	struct tree_owner *owners;
	size_t owner_count;
	char *parent_path; /* NULL: none is open */
	int parent_fd;
	bool is_implying; /* the directory being created has no entry */
	struct tree_record record;
	struct tree_counts counts;
	uint64_t checked_bytes; /* unpacked_bytes at the last check of free space */
};

/* `root_fd`: an empty directory of ours; `record_fd` may be -1.  Both are borrowed. */
void tree_init(struct tree *tree, int root_fd, int record_fd);
void tree_release(struct tree *tree);
#define AUTO_TREE CLEANUP(tree_release)

/* All files so far belong to lower layers from now on. */
void tree_begin_layer(struct tree *tree);

/* *ret_fd: for a file, to be written by tree_write() and ended by tree_end_file(); else -1. */
int tree_add(struct tree *tree, const struct entry *entry, int *ret_fd, struct error **err);
int tree_write(struct tree *tree, int fd, const struct entry *entry,
	       const struct layer_piece *piece, struct error **err);
int tree_end_file(struct tree *tree, int fd, const struct entry *entry, struct error **err);

/* Sets the modes and times of directories, and writes the record. */
int tree_finish(struct tree *tree, struct error **err);

/* ".wh.NAME" and ".wh..wh..opq" (image-spec, layer.md, "Whiteouts"). */
bool entry_is_whiteout(const struct entry *entry);
int tree_whiteout(struct tree *tree, const struct entry *entry, struct error **err);

/* For tree.c, tree_remove.c and tree_finish.c. */

/* ERROR_CONTENT for an errno that the path causes, else ERROR_LOCAL. */
int tree_fail(int errnum, const char *doing, const char *path, struct error **err);

/* The parent directory of `path`, owned by the tree, and its last component. */
int tree_parent(struct tree *tree, const char *path, int *ret_fd, const char **ret_name,
		struct error **err);
void tree_forget_parent(struct tree *tree);
/* Plans mode and time of a root without an entry. */
int tree_imply_root(struct tree *tree, struct error **err);

/* Removes a file or a directory tree, if it exists.  `keep_made`: keeps the files of this layer. */
int tree_remove(struct tree *tree, int parent_fd, const char *name, bool keep_made);
/* Keeps this name in tree_remove(), although the file is a lower layer's. */
int tree_keep_link(struct tree *tree, int parent_fd, const char *name);

int tree_set_opaque(int fd, const char *path, struct error **err);
bool tree_is_whiteout(const struct tree *tree, const struct stat *status);
/* NULL: root, or there is no record. */
const struct tree_owner *tree_find_owner(const struct tree *tree, uint64_t inode);
const struct tree_fix *tree_find_fix(const struct tree *tree, uint64_t inode);
void tree_drop_fix(struct tree *tree, uint64_t inode);

#endif
