/* SPDX-License-Identifier: Apache-2.0 */
/* beneath.h - paths below a root directory, resolved as after chroot(2) into it
 *
 * Symbolic links are followed within the root (".." at the top stays there).  Uses openat2(2) with
 * RESOLVE_IN_ROOT, or opens component by component if openat2(2) is missing or forbidden, or
 * directories have to be created.
 */
#ifndef OCIFP_LAYER_HELPER_BENEATH_H
#define OCIFP_LAYER_HELPER_BENEATH_H

#include <stdbool.h>
#include <stddef.h>

struct error;

struct beneath {
	int root_fd; /* borrowed */
	bool walk;   /* never openat2 */
};

/* Called for a component that is missing or not a directory.  0: it is a directory now; -1 with
 * errno. */
struct beneath_maker {
	int (*make)(void *context, int parent_fd, const char *name, const char *path);
	void *context;
};

/* Lexically: "./a//b/../c/" is "a/c", ".." at the top is dropped, "" is the root.  In place. */
void path_clean(char *path);

/* Opens a directory; `path` is clean.  -1 with errno; ELOOP and ENAMETOOLONG: past a limit. `maker`
 * NULL: creates nothing. */
int beneath_open(struct beneath *beneath, const char *path, const struct beneath_maker *maker);

#endif
