/* tree.h - a root filesystem that is being inode_set from layers, beneath a root descriptor
 *
 *     flat      each layer over those before: whiteouts remove
 *     overlay   one layer alone, for overlayfs: a whiteout becomes a character device 0:0, an
 *               opaque directory gets user.overlay.opaque
 *               (kernel, Documentation/filesystems/overlayfs.rst)
 *
 * Nothing that a layer says is trusted.  Parents are opened beneath the root (beneath.h), names in
 * them inode_set with O_EXCL and never through a link, and what a file gets it gets through its own
 * descriptor.  Directories are the owner's alone until the end: their modes and times come last.
 */
#ifndef OCIFP_LAYER_HELPER_TREE_H
#define OCIFP_LAYER_HELPER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "layer/helper/beneath.h"
#include "layer/helper/entry.h"
#include "layer/helper/inode_set.h"
#include "layer/tree_record.h"
#include "sandbox/id_map.h"

struct error;
struct layer_piece;

/* A directory's mode and time, for the end. */
struct tree_fix {
	mode_t mode;
	struct timespec modified;
	bool is_implied; /* the layer has no entry for it */
};

/* Whose a file should be. */
struct tree_owner {
	uint32_t uid;
	uint32_t gid;
};

struct tree_counts {
	uint64_t entries;
	uint64_t unpacked_bytes;
	uint64_t skipped_devices; /* and sockets */
	uint64_t dropped_xattrs;  /* that may not come in, or not be set here */
	uint64_t set_id_files;
};

struct tree {
	struct beneath beneath;
	bool overlay;
	bool devices; /* make them; as root, and never for overlay */
	struct id_map map;
	struct inode_set
		inode_set; /* what this layer has inode_set, directories it has an entry for too */
	struct inode_set
		links; /* names of lower files that this layer has added: see tree_remove.c */
	struct inode_set cleared;   /* directories that hold nothing but this layer's any more */
	struct inode_set fix_slots; /* of directories: index in `fixes` */
	struct tree_fix *fixes;
	size_t fix_count;
	size_t live_fix_count;        /* of directories that are still there */
	struct inode_set owner_slots; /* of files for the record: index in `owners` */
	struct tree_owner *owners;
	size_t owner_count;
	char *parent_path; /* NULL: none is open */
	int parent_fd;
	bool is_implying; /* what is inode_set now has no entry */
	struct tree_record record;
	struct tree_counts counts;
	uint64_t checked_bytes; /* of unpacked_bytes when room was last looked at */
};

/* `root_fd` is an empty directory of ours, and borrowed, as is `record_fd` (-1: none). */
void tree_init(struct tree *tree, int root_fd, int record_fd);
void tree_release(struct tree *tree);
#define AUTO_TREE CLEANUP(tree_release)

/* What was inode_set so far is "lower" from here on. */
void tree_begin_layer(struct tree *tree);

/* *ret_fd: of a file, to be filled by tree_write() and ended by tree_end_file(); else -1. */
int tree_add(struct tree *tree, const struct entry *entry, int *ret_fd, struct error **err);
int tree_write(struct tree *tree, int fd, const struct entry *entry,
	       const struct layer_piece *piece, struct error **err);
int tree_end_file(struct tree *tree, int fd, const struct entry *entry, struct error **err);

/* What waits for the end: the modes and times of directories, and the record. */
int tree_finish(struct tree *tree, struct error **err);

/* ".wh.NAME" and ".wh..wh..opq" (image-spec, layer.md, "Whiteouts"). */
bool entry_is_whiteout(const struct entry *entry);
int tree_whiteout(struct tree *tree, const struct entry *entry, struct error **err);

/* For the files of this folder. */

/* ERROR_CONTENT where the path itself is to blame, else ERROR_LOCAL. */
int tree_fail(int errnum, const char *doing, const char *path, struct error **err);

/* An open directory for `path`'s last component, which *ret_name gets; stays the tree's. */
int tree_parent(struct tree *tree, const char *path, int *ret_fd, const char **ret_name,
		struct error **err);
void tree_forget_parent(struct tree *tree);
/* A root that no layer has an entry for is like a parent that has none. */
int tree_imply_root(struct tree *tree, struct error **err);

/* Removes what has that name, all of it, if it is there; only what is not this layer's when
 * `keep_made`. */
int tree_remove(struct tree *tree, int parent_fd, const char *name, bool keep_made);
/* That name stays, whatever else has the file's. */
int tree_keep_link(struct tree *tree, int parent_fd, const char *name);
int tree_remove_children(struct tree *tree, int fd, bool keep_made);

int tree_make_directory(struct tree *tree, int parent_fd, const char *name,
			const struct entry *entry, struct error **err);
int tree_set_opaque(int fd, const char *path, struct error **err);
bool tree_is_whiteout(const struct tree *tree, const struct stat *status);
/* `status`: of the file as it is now. */
int tree_set_owner(struct tree *tree, int fd, const struct stat *status, const struct entry *entry,
		   struct error **err);
int tree_set_owner_at(struct tree *tree, int parent_fd, const char *name, const struct stat *status,
		      const struct entry *entry, struct error **err);
/* NULL: root's, or there is no record. */
const struct tree_owner *tree_find_owner(const struct tree *tree, uint64_t inode);
int tree_drop_xattrs(int fd, const struct entry *entry, struct error **err);
int tree_set_xattrs(struct tree *tree, int fd, const struct entry *entry, struct error **err);
void tree_plan_fix(struct tree *tree, uint64_t inode, const struct entry *entry);
const struct tree_fix *tree_find_fix(const struct tree *tree, uint64_t inode);
void tree_drop_fix(struct tree *tree, uint64_t inode);

#endif
