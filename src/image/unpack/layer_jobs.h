/* SPDX-License-Identifier: Apache-2.0 */
/* layer_jobs.h - trees to be made of an image's layers, several at once, while layers still come
 *
 *     store      shared by images: opened when its layer is there; another process' is waited for
 *     directory  the caller's
 */
#ifndef OCIFP_IMAGE_UNPACK_LAYER_JOBS_H
#define OCIFP_IMAGE_UNPACK_LAYER_JOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "layer/unpack_request.h"
#include "store/layer_trees.h"

struct error;
struct local_image;
struct observer;
struct store;
struct unpacker;
struct watched;

/* What all jobs of an image have in common. */
struct layer_source {
	struct store *store;
	const struct local_image *image;
	struct observer *observer;
	const struct id_map *map;
	bool overlay;
	bool devices;
	bool is_whole; /* no layer is waited for: one that is not there is an error */
};

/* One tree that a confined helper makes of some of an image's layers.  They are sent as they come
 * into the store: one that is still being downloaded is waited for, and with it those above. */
/* That a helper has at once: one that is unpacked, one that is inflated meanwhile. */
enum { LAYERS_AHEAD_COUNT = 2 };

struct layer_job {
	size_t first; /* of the image's layers */
	size_t count;
	size_t sent;
	size_t done;
	int sent_fds[LAYERS_AHEAD_COUNT]; /* of the helper's layers, by their number */
	uint64_t told_bytes;              /* of the one that is unpacked, to the observer */
	int tree_fd;                      /* an empty directory of ours */
	int record_fd;
	struct unpacker *unpacker; /* NULL: not begun, or ended */
	struct unpack_result result;
	bool is_made;
};

#define LAYER_JOB_INIT \
	((struct layer_job){ .sent_fds = { -1, -1 }, .tree_fd = -1, .record_fd = -1 })

struct layer_tree {
	struct layer_job job;
	char *name;             /* in the store; NULL: the caller's directory */
	int fd;                 /* the store's directory, locked */
	enum layer_state state; /* BUSY until it was opened */
};

struct layer_jobs {
	struct layer_source source;
	struct layer_tree *items;
	size_t count;
};

void layer_jobs_add(struct layer_jobs *jobs, char *name, size_t first, size_t count); /* takes */

/* All layers, one over the other.  The descriptors stay the caller's; `record_fd` -1: none. */
int layer_jobs_add_directory(struct layer_jobs *jobs, int tree_fd, int record_fd,
			     struct error **err);

/* Without waiting.  `more`: blobs have come since the last time. */
int layer_jobs_step(struct layer_jobs *jobs, bool more, struct error **err);

/* Readable when a step has something to do. */
void layer_jobs_watch(const struct layer_jobs *jobs, struct watched *ret_watched);

/* With all blobs there, until all are ready: then their descriptors hold shared locks. */
int layer_jobs_run(struct layer_jobs *jobs, struct error **err);
void layer_jobs_release(struct layer_jobs *jobs);
#define AUTO_LAYER_JOBS CLEANUP(layer_jobs_release)

#endif
