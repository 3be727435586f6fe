/* SPDX-License-Identifier: Apache-2.0 */
/* layer_jobs.h - makes trees from an image's layers, several at once, while layers still arrive
 *
 *     store      shared by images: opened when its layer is there; waits for other processes
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

/* Common to all jobs of an image. */
struct layer_source {
	struct store *store;
	const struct local_image *image;
	struct observer *observer;
	const struct id_map *map;
	bool overlay;
	bool devices;
	bool is_whole; /* do not wait for layers: a missing one is an error */
};

/* One tree that a confined helper makes of one or more layers.  They are sent as they come into the
 * store, in order: while one is being downloaded, those above it wait. */
/* Layers that a helper has at once: one being unpacked, one being inflated. */
enum { LAYERS_AHEAD_COUNT = 2 };

struct layer_job {
	size_t first; /* of the image's layers */
	size_t count;
	size_t sent;
	size_t done;
	int sent_fds[LAYERS_AHEAD_COUNT]; /* of the helper's layers, by their numbers */
	uint64_t told_bytes;              /* progress of the one being unpacked, for the observer */
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
	enum layer_state state; /* BUSY until it is opened */
};

struct layer_jobs {
	struct layer_source source;
	struct layer_tree *items;
	size_t count;
};

void layer_jobs_add(struct layer_jobs *jobs, char *name, size_t first, size_t count); /* takes */

/* All layers over each other.  The descriptors stay the caller's; `record_fd` -1: none. */
int layer_jobs_add_directory(struct layer_jobs *jobs, int tree_fd, int record_fd,
			     struct error **err);

/* Must not wait.  `more`: blobs have come since the last call. */
int layer_jobs_step(struct layer_jobs *jobs, bool more, struct error **err);

/* Readable when a step has something to do. */
void layer_jobs_watch(const struct layer_jobs *jobs, struct watched *ret_watched);

/* Once all blobs are there: waits until all trees are ready.  Their descriptors then hold shared
 * locks. */
int layer_jobs_run(struct layer_jobs *jobs, struct error **err);
void layer_jobs_release(struct layer_jobs *jobs);
#define AUTO_LAYER_JOBS CLEANUP(layer_jobs_release)

#endif
