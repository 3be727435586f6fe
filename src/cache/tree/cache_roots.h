/* SPDX-License-Identifier: Apache-2.0 */
/* cache_roots.h - the directories of one cache: their labels in the artifact and paths on this
 * machine
 *
 * The label is the text of the project file or of --path, so that a cache fits a checkout at
 * another place.  Roots do not contain each other.
 */
#ifndef OCIFP_CACHE_TREE_CACHE_ROOTS_H
#define OCIFP_CACHE_TREE_CACHE_ROOTS_H

#include <stddef.h>

#include "base/cleanup.h"

struct cache_root {
	char *label;     /* not empty, no control characters */
	char *directory; /* absolute, without trailing '/' */
};

struct cache_roots {
	struct cache_root *items;
	size_t count; /* at most CACHE_ROOTS_LIMIT_COUNT */
};

/* Copies both. */
void cache_roots_add(struct cache_roots *roots, const char *label, const char *directory);
void cache_roots_release(struct cache_roots *roots);
#define AUTO_CACHE_ROOTS CLEANUP(cache_roots_release)

#endif
