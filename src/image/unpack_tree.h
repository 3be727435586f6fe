/* unpack_tree.h - all layers of an image, one over the other, into a directory */
#ifndef OCIFP_IMAGE_UNPACK_TREE_H
#define OCIFP_IMAGE_UNPACK_TREE_H

#include <stdbool.h>

#include "layer/unpack_request.h"

struct error;
struct local_image;
struct observer;
struct store;

struct unpack_tree {
	struct store *store;
	const struct local_image *image;
	int tree_fd;   /* an empty directory of ours */
	int record_fd; /* -1: none */
	const struct id_map *map;
	bool devices;
	struct observer *observer;
};

int unpack_tree(const struct unpack_tree *job, struct unpack_result *ret_result,
		struct error **err);

/* One notice about what was left out, if anything was. */
void unpack_tell(struct observer *observer, const struct unpack_result *result);

#endif
