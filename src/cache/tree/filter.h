/* filter.h - what a preset says about each file that a save comes across */
#ifndef OCIFP_CACHE_TREE_FILTER_H
#define OCIFP_CACHE_TREE_FILTER_H

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
	void *context;
};

#endif
