/* SPDX-License-Identifier: Apache-2.0 */
/* root.h - the root filesystem of one run: read-only layers below, a fresh directory above
 *
 *     .ocifp/roots/<16 hex>/          in the store
 *         lock                        held (flock) while the run lasts; an unlocked one is garbage
 *         upper, work                 the job's changes, or a link to a kept root's "upper";
 *                                     overlayfs's own
 *         lower/0, lower/1, ...       links to the layers, the topmost first: a page of 4 KiB of
 *                                     mount options has room for 500 of these names, and for 50 of
 *                                     real paths
 *         root                        where the root is mounted, in the run's own mount namespace
 *         hosts, resolv.conf, ...     files that are mounted into it
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
	bool is_flat; /* "upper" is the whole root; nothing is below */
	bool is_kept; /* "upper" leads to a kept one; its mode may have been changed by a job */

	/* Of a shifted root: detached copies of its directory's and its layers' mounts, the topmost
	 * first. */
	int shifted_fd; /* -1: not shifted */
	int *layer_fds;
	size_t layer_count;
};

#define ROOT_INIT ((struct root){ .fd = -1, .lock_fd = -1, .shifted_fd = -1 })

/* `layers`: paths of directories, the lowest first.  `mode`: of the root.  `kept` NULL: the job's
 * changes are removed with the root. */
int root_make(struct store *store, const struct strings *layers, mode_t mode,
	      const struct kept_root *kept, struct root *ret_root, struct error **err);

/* An empty one with only its lock: a place for directories to be removed. */
int root_make_empty(struct store *store, struct root *ret_root, struct error **err);

/* For a container in that user namespace, in which the root is then at another path: all files have
 * the owners that they have here.  For one root_mount(); class "no_idmap" if that is not possible.
 */
int root_shift(struct root *root, int userns_fd, struct error **err);

/* In the container: mounts it at "root"; returns the descriptor of the mounted root, or -1.  Class
 * "no_overlay": overlayfs cannot be used here; a flat root does not need it. */
int root_mount(struct root *root, struct error **err);

int root_open_upper(const struct root *root); /* -1 with errno */

/* Writes a small file beside the root. */
int root_write(const struct root *root, const char *name, const char *text, struct error **err);

void root_release(struct root *root); /* releases the lock; removes nothing */
#define AUTO_ROOT CLEANUP(root_release)

#endif
