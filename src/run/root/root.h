/* SPDX-License-Identifier: Apache-2.0 */
/* root.h - the root filesystem of one run: read-only layers below, a fresh directory above
 *
 *     .ocifp/roots/<16 hex>/          in the store
 *         lock                        held (flock) while the run lasts; one that is free is garbage
 *         upper, work                 what the job writes, or a link to a kept root's "upper";
 *                                     overlayfs's own
 *         lower/0, lower/1, ...       links to the layers, the topmost first: a mount option page
 *                                     of 4 KiB holds 500 of these names, and 50 of real paths
 *         root                        where the whole is mounted, in the run's own mount namespace
 *         hosts, resolv.conf, ...     what is mounted into it
 *         cgroups                     the control groups that it has made
 *         bundle                      the engine's: config.json, state
 */
#ifndef OCIFP_RUN_ROOT_ROOT_H
#define OCIFP_RUN_ROOT_ROOT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/strings.h"

struct error;
struct kept_root;
struct store;

struct root {
	char *id;
	char *path; /* absolute */
	int fd;
	int lock_fd;
	mode_t mode;  /* of "/", as the job sees it */
	bool is_flat; /* "upper" is all of it; nothing is below */
	bool is_kept; /* "upper" leads to one that a job has had, which may have changed its mode */

	/* Of a shifted root: copies of its directory's and its layers' mounts, the topmost first,
	 * that are mounted nowhere yet. */
	int shifted_fd; /* -1: it is not */
	int *layer_fds;
	size_t layer_count;
};

#define ROOT_INIT ((struct root){ .fd = -1, .lock_fd = -1, .shifted_fd = -1 })

/* `layers`: paths of directories, the lowest first.  `mode`: of the root.  `kept` NULL: what the
 * job writes goes with the root. */
int root_make(struct store *store, const struct strings *layers, mode_t mode,
	      const struct kept_root *kept, struct root *ret_root, struct error **err);

/* With nothing in it but its lock: a place for what is to be removed. */
int root_make_empty(struct store *store, struct root *ret_root, struct error **err);

/* For a container in that user namespace, which then has the root at another path: all files have
 * the owners that they have here.  For one root_mount(); class "no_idmap" where that cannot be. */
int root_shift(struct root *root, int userns_fd, struct error **err);

/* In the container: mounts it at "root"; the descriptor of the mounted root, or -1.  Class
 * "no_overlay" when there can be no overlay here: a root that was made flat needs none. */
int root_mount(struct root *root, struct error **err);

int root_open_upper(const struct root *root); /* -1 with errno */

/* A small file of ours beside the root. */
int root_write(const struct root *root, const char *name, const char *text, struct error **err);

void root_release(struct root *root); /* lets go of the lock; removes nothing */
#define AUTO_ROOT CLEANUP(root_release)

#endif
