/* SPDX-License-Identifier: Apache-2.0 */
/* layer_trees.h - unpacked layers that images share, in the user's store
 *
 *     .ocifp/layers/NAME/fs        the tree
 *     .ocifp/layers/NAME/record    metadata that the tree cannot hold (layer/tree_record.h)
 *     .ocifp/layers/NAME.part/     being written
 *     .ocifp/layers/NAME.dead.HEX/ left by a killed process, or being removed; gc removes it
 *
 * NAME is ALGORITHM-BLOB-DIFFID-VERSION-MAP, the beginning of the diff_id alone, or
 * flat-ALGORITHM-MANIFEST-VERSION-MAP for all layers of an image in one tree; MAP is the id map of
 * the files (sandbox/id_map.h).  Each directory is locked (flock): exclusively while it is written,
 * shared while it is used, so that gc keeps it.
 */
#ifndef OCIFP_STORE_LAYER_TREES_H
#define OCIFP_STORE_LAYER_TREES_H

#include <stdbool.h>

struct error;
struct store;

/* Raise it when trees or records are made in another way: gc removes those of other versions. 2:
 * the mode of the root is the layer's, or the record says that the layer has none. */
#define LAYER_TREES_VERSION "v2"

enum layer_state {
	LAYER_READY, /* locked shared */
	LAYER_NEW,   /* an empty directory, locked exclusively, to be filled and committed */
	LAYER_BUSY,  /* another process writes it: try again later */
};

/* *ret_fd: the directory; closing it releases the lock.  gc removes a new one that was not
 * committed. */
int store_layer_open(struct store *store, const char *name, enum layer_state *ret_state,
		     int *ret_fd, struct error **err);

/* Renames a new tree to its name; its lock is shared from then on.  Call store_layers_sync()
 * before, once for all trees to commit. */
int store_layer_commit(struct store *store, const char *name, int fd, struct error **err);
int store_layers_sync(struct store *store, struct error **err);

/* The path of the tree; the caller owns it. */
char *store_layer_path(const struct store *store, const char *name);

/* For gc, when no pull is under way: removes the trees that no image uses, and dead ones; not those
 * in use.  `empty` removes the content of a directory; the owner of its files is in `name`. */
struct layer_sweep {
	int (*empty)(void *context, const char *name, int fd, struct error **err);
	void *context;
	bool dry_run;
	unsigned removed_count;
};

int store_sweep_layers(struct store *store, struct layer_sweep *sweep, struct error **err);

#endif
