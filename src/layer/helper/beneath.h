/* beneath.h - paths beneath a root directory, as a process that has it as its root sees them
 *
 * Symbolic links on the way are followed within the root (".." at its top stays there); the last
 * component is never looked at.  By openat2(2) with RESOLVE_IN_ROOT, and component by component
 * where that is missing, forbidden, or something on the way is to be made.
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

/* What to do where a component of the path is missing or no directory; 0: there is one now that
 * may be opened, -1 with errno. */
struct beneath_maker {
	int (*make)(void *context, int parent_fd, const char *name, const char *path);
	void *context;
};

/* Lexically: "./a//b/../c/" is "a/c", ".." at the top is dropped, "" is the root.  In place. */
void path_clean(char *path);

/* An open directory; `path` is clean.  -1 with errno, ELOOP and ENAMETOOLONG for paths that go too
 * far.  `maker` NULL: nothing is made. */
int beneath_open(struct beneath *beneath, const char *path, const struct beneath_maker *maker);

#endif
