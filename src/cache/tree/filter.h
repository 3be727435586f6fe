/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h - what a preset says about each file that a save comes across */
#ifndef OCIFP_CACHE_TREE_FILTER_H
#define OCIFP_CACHE_TREE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct stat;

enum tree_choice {
	TREE_TAKE,
	TREE_LEAVE_OUT,  /* a directory: with all that is in it */
	TREE_EXECUTABLE, /* as --executables says */
};

struct tree_filter {
	/* `path` is relative to the root, without leading '/'. */
	enum tree_choice (*choose)(void *context, size_t root, const char *path,
				   const struct stat *info);

	/* A name for all that is kept or dropped together with this file or directory, which the
	 * caller owns; NULL: nothing.  Without the function nothing is ever dropped. */
	char *(*part)(void *context, size_t root, const char *path, bool is_directory);

	/* Whether the part of that path can be of no use any more.  May be NULL. */
	bool (*is_obsolete)(void *context, size_t root, const char *path);
	bool counts_use; /* a part that several saves found unused is dropped */
	void *context;
};

#endif
