/* base.h - what a job runs in: the layers of a root, and what the image says of itself */
#ifndef OCIFP_RUN_BASE_H
#define OCIFP_RUN_BASE_H

#include "image/layers.h"
#include "oci/config.h"

struct digest;
struct error;
struct platforms;
struct session;

struct run_base {
	struct image_layers layers;
	struct image_config config;
	struct digest manifest; /* DIGEST_NONE: no image of the store */
};

/* Of an image that the store has; its layers are unpacked unless they are already.  `platforms`
 * NULL: what we run on. */
int run_base_of_image(struct session *session, const struct digest *root,
		      const struct platforms *platforms, struct run_base *ret_base,
		      struct error **err);

/* Of a directory: nothing is known but that. */
int run_base_of_directory(const char *path, struct run_base *ret_base, struct error **err);
void run_base_release(struct run_base *base);
#define AUTO_RUN_BASE CLEANUP(run_base_release)

#endif
