/* layer_jobs.h - trees to be made in the store, several at once */
#ifndef OCIFP_IMAGE_LAYER_JOBS_H
#define OCIFP_IMAGE_LAYER_JOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "sandbox/id_map.h"
#include "store/layers.h"

struct error;
struct local_image;
struct observer;
struct session;
struct store;
struct unpacker;

struct layer_job {
	char *name;   /* in the store */
	size_t first; /* of the image's layers */
	size_t count; /* 1, or all of them for a flat tree */
	size_t sent;
	size_t done;
	int fd; /* the directory, locked */
	int tree_fd;
	int record_fd;
	enum layer_state state; /* BUSY until it was opened */
	struct unpacker *unpacker;
	bool is_made;
};

struct layer_jobs {
	struct store *store;
	struct observer *observer;
	const struct local_image *image;
	const struct id_map *map;
	bool overlay;
	struct layer_job *items;
	size_t count;
};

void layer_jobs_add(struct layer_jobs *jobs, char *name, size_t first, size_t count); /* takes */

/* Until all are ready: then their descriptors hold shared locks. */
int layer_jobs_run(struct layer_jobs *jobs, struct error **err);
void layer_jobs_release(struct layer_jobs *jobs);
#define AUTO_LAYER_JOBS CLEANUP(layer_jobs_release)

#endif
