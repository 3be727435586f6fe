/* SPDX-License-Identifier: Apache-2.0 */
/* kept_root.h - files that jobs wrote to their root, for the next job with the same image
 *
 *     .ocifp/kept/NAME/       in the store; locked by the run that uses it
 *         upper               in place of the run's own (run/root/root.h)
 *         image               "sha256:... ranges-1a2b overlay\n": the image, the id map of its
 *                             files, and the form of "upper": "flat" has all of the root
 */
#ifndef OCIFP_RUN_ROOT_KEPT_ROOT_H
#define OCIFP_RUN_ROOT_KEPT_ROOT_H

#include <stdbool.h>

struct digest;
struct error;
struct id_map;
struct store;

struct kept_root {
	char *path; /* of "upper", absolute; NULL: none */
	int fd;     /* of NAME, locked */
	char *of;   /* image and ids, as in "image" */
	bool is_new;
	bool is_flat;
};

#define KEPT_ROOT_INIT ((struct kept_root){ .fd = -1 })

/* Creates it if missing.  ERROR_USAGE: it is of another image, or of another user's ids. */
int kept_root_open(struct store *store, const char *name, const struct digest *manifest,
		   const struct id_map *map, struct kept_root *ret_kept, struct error **err);

/* Called before and after "upper" becomes a complete copy of the image: an incomplete copy is
 * ignored. */
int kept_root_begin_copy(struct kept_root *kept, struct error **err);
int kept_root_end_copy(struct kept_root *kept, struct error **err);
void kept_root_release(struct kept_root *kept);

#endif
