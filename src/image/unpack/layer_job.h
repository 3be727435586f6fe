/* layer_job.h - one tree that a confined helper makes of some of an image's layers
 *
 * They are sent as they come into the store: one that is still being downloaded is waited for, and
 * with it those above.
 */
#ifndef OCIFP_IMAGE_UNPACK_LAYER_JOB_H
#define OCIFP_IMAGE_UNPACK_LAYER_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "layer/unpack_request.h"

struct error;
struct local_image;
struct observer;
struct store;
struct unpacker;

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

struct layer_job {
	size_t first; /* of the image's layers */
	size_t count;
	size_t sent;
	size_t done;
	int tree_fd; /* an empty directory of ours */
	int record_fd;
	struct unpacker *unpacker; /* NULL: not begun, or ended */
	struct unpack_result result;
	bool is_made;
};

#define LAYER_JOB_INIT ((struct layer_job){ .tree_fd = -1, .record_fd = -1 })

/* Whether the layer that it begins with is there. */
bool layer_job_can_start(const struct layer_job *job, const struct layer_source *source);
int layer_job_start(struct layer_job *job, const struct layer_source *source, struct error **err);

/* Those layers that have come and that the helper has room for. */
int layer_job_send(struct layer_job *job, const struct layer_source *source, struct error **err);

/* What the helper says next, which is waited for; or that it was, for so long, and said nothing. */
int layer_job_hear(struct layer_job *job, const struct layer_source *source, struct error **err);
int layer_job_note_wait(const struct layer_job *job, const struct layer_source *source,
			int waited_ms, struct error **err);
void layer_job_release(struct layer_job *job);

#endif
