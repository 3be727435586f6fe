/* layer_trees.h - layers that are unpacked once and shared by images, in the user's store
 *
 *     .ocifp/layers/NAME/fs        the tree
 *     .ocifp/layers/NAME/record    what the tree cannot say (layer/tree_record.h)
 *     .ocifp/layers/NAME.part/     being made
 *     .ocifp/layers/NAME.dead.HEX/ left by a process that was killed, or on its way out; gc's
 *
 * NAME is ALGORITHM-BLOB-DIFFID-VERSION-MAP, the beginning of the diff_id alone, or
 * flat-ALGORITHM-MANIFEST-VERSION-MAP for all layers of an image in one tree; MAP says whose the
 * files are (sandbox/id_map.h).  Each is locked (flock of the directory):
 * exclusively while it is made, shared by whoever uses it, so that gc leaves it.
 */
#ifndef OCIFP_STORE_LAYER_TREES_H
#define OCIFP_STORE_LAYER_TREES_H

#include <stdbool.h>

struct error;
struct store;

/* To be raised when trees or records are made in another way: gc removes those of other versions.
 * 2: the mode of the root is the layer's, or the record says that the layer has none. */
#define LAYER_TREES_VERSION "v2"

enum layer_state {
	LAYER_READY, /* locked shared */
	LAYER_NEW,   /* an empty directory, locked exclusively, to be filled and committed */
	LAYER_BUSY,  /* another process is at it: ask again later */
};

/* *ret_fd: the directory; closing it lets go of it.  Of one that is new and was not committed,
 * gc takes what there is. */
int store_layer_open(struct store *store, const char *name, enum layer_state *ret_state,
		     int *ret_fd, struct error **err);

/* Under its name; the lock is shared from then on.  What is in it must be durable: one
 * store_layers_sync() for all that are to be committed. */
int store_layer_commit(struct store *store, const char *name, int fd, struct error **err);
int store_layers_sync(struct store *store, struct error **err);

/* Of its tree, within the store's own path; the caller owns it. */
char *store_layer_path(const struct store *store, const char *name);

/* What gc removes, when no pull is under way: layers of none of the images, and what is dead; not
 * what is in use.  `empty` removes what is in a directory, whosever the files are: `name` says
 * that. */
struct layer_sweep {
	int (*empty)(void *context, const char *name, int fd, struct error **err);
	void *context;
	bool dry_run;
	unsigned removed_count;
};

int store_sweep_layers(struct store *store, struct layer_sweep *sweep, struct error **err);

#endif
