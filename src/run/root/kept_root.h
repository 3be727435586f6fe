/* SPDX-License-Identifier: Apache-2.0 */
/* kept_root.h - what jobs wrote to their root, for the next job with the same image
 *
 *     .ocifp/kept/NAME/       in the store; locked by the run that has it
 *         upper               in place of the run's own (run/root/root.h)
 *         image               "sha256:... ranges-1a2b overlay\n": of which image, with whose ids
 *                             its files are, and what "upper" is: "flat" is all of the root
 */
#ifndef OCIFP_RUN_ROOT_KEPT_ROOT_H
#define OCIFP_RUN_ROOT_KEPT_ROOT_H

#include <stdbool.h>

struct digest;
struct error;
struct id_map;
struct store;

struct kept_root {
	char *path; /* of "upper", absolute; NULL: there is none */
	int fd;     /* of NAME, locked */
	char *of;   /* image and ids, as in "image" */
	bool is_new;
	bool is_flat;
};

#define KEPT_ROOT_INIT ((struct kept_root){ .fd = -1 })

/* Made when it is not there.  ERROR_USAGE when it is another image's, or another user's ids'. */
int kept_root_open(struct store *store, const char *name, const struct digest *manifest,
		   const struct id_map *map, struct kept_root *ret_kept, struct error **err);

/* Before "upper" becomes a whole copy of the image, and after it: a copy that was cut short counts
 * for nothing. */
int kept_root_begin_copy(struct kept_root *kept, struct error **err);
int kept_root_end_copy(struct kept_root *kept, struct error **err);
void kept_root_release(struct kept_root *kept);

#endif
