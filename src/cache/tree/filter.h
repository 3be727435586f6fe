/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h - a preset's decision about each file of a save */
#ifndef OCIFP_CACHE_TREE_FILTER_H
#define OCIFP_CACHE_TREE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct stat;

enum tree_choice {
	TREE_TAKE,
	TREE_LEAVE_OUT,  /* skip it; a directory: with everything in it */
	TREE_EXECUTABLE, /* as --executables decides */
};

struct tree_filter {
	/* `path` is relative to the root, without leading '/'. */
	enum tree_choice (*choose)(void *context, size_t root, const char *path,
				   const struct stat *info);

	/* The name of the part that this file or directory is kept or dropped with; the caller owns
	 * it.  NULL: none.  Without the function nothing is dropped. */
	char *(*part)(void *context, size_t root, const char *path, bool is_directory);

	/* Whether that part can no longer be of use.  May be NULL. */
	bool (*is_obsolete)(void *context, size_t root, const char *path);
	bool counts_use; /* drop a part that several saves found unused */
	void *context;
};

#endif
