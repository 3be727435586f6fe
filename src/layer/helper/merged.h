/* SPDX-License-Identifier: Apache-2.0 */
/* merged.h - the root filesystem of an image's layers, as names in memory
 *
 * The same tree that tree.h makes on disk: links are followed within the root, whiteouts hide files
 * of lower layers.  A name leads to a file, a file to the entry that it came from, where its
 * content is read.  The directory of a name is a real directory, never a link.
 */
#ifndef OCIFP_LAYER_HELPER_MERGED_H
#define OCIFP_LAYER_HELPER_MERGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layer/helper/entry.h"
#include "layer/tar_header.h"

struct error;

struct merged_file {
	struct merged_name *names; /* hard links, oldest first; also removed ones */
	struct merged_name **names_end;
	enum entry_type type;
	uint32_t layer;
	uint32_t entry;             /* in that layer; directories that it implies come before it */
	char *target;               /* of a symbolic link */
	struct tar_member *written; /* of a directory: its attributes, by the last entry for it */
	bool is_written;            /* for the caller */
};

struct merged_name {
	struct merged_name *parent; /* of the root: itself */
	struct merged_name *children;
	struct merged_name *next; /* in the directory */
	struct merged_name **at;  /* the pointer to this name in that list */
	struct merged_name *same_hash;
	struct merged_name *other; /* of the file's names */
	struct merged_file *file;
	uint32_t layer;   /* with an entry for it, or implying it */
	uint32_t cleared; /* the layer that hid the lower content; UINT32_MAX: none */
	bool is_gone;
	size_t path_bytes;
	char text[];
};

struct merged {
	struct merged_name *root;
	struct merged_name **slots; /* by directory and name */
	size_t capacity;
	uint64_t seed;
	struct merged_name **all; /* also removed ones */
	size_t name_count;
	struct merged_file **files; /* in the order of their entries */
	size_t file_count;
	size_t held_bytes; /* by names and files */
	uint32_t layer;    /* the layer whose entries are being added */
	uint32_t entry;
};

int merged_init(struct merged *merged, struct error **err);
void merged_release(struct merged *merged);
#define AUTO_MERGED CLEANUP(merged_release)

/* Adds the next entry of layer `merged->layer`.  Sets merged->entry, its number from 0 on, if the
 * caller counts it.  ERROR_CONTENT; class "limit": too many names. */
int merged_add(struct merged *merged, const struct entry *entry, struct error **err);

/* NULL: no such file.  Links are followed, also the last one. */
int merged_find(struct merged *merged, const char *path, struct merged_file **ret_file,
		struct error **err);

/* Without a slash at its start. */
void merged_path(const struct merged_name *name, char ret_path[PATH_LIMIT_BYTES]);

/* Borrows from the entry and `xattrs`, which has room for XATTRS_LIMIT_COUNT. */
void member_of_entry(const struct entry *entry, struct tar_xattr *xattrs,
		     struct tar_member *ret_member);

#endif
