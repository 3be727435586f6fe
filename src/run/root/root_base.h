/* SPDX-License-Identifier: Apache-2.0 */
/* root_base.h - the base of a job's root: its layers, and the image's configuration */
#ifndef OCIFP_RUN_ROOT_ROOT_BASE_H
#define OCIFP_RUN_ROOT_ROOT_BASE_H

#include "image/unpack/image_layers.h"
#include "oci/config.h"

struct error;
struct pull_options;
struct session;
struct target;

struct run_base {
	struct image_layers layers;
	struct image_config config;
	struct digest manifest; /* DIGEST_NONE: not an image of the store */
};

/* From an image, which is pulled; its layers are unpacked meanwhile, unless they are already. */
int run_base_of_image(struct session *session, const struct target *target,
		      const struct pull_options *options, struct run_base *ret_base,
		      struct error **err);

/* From a directory, which has no configuration. */
int run_base_of_directory(const char *path, struct run_base *ret_base, struct error **err);
void run_base_release(struct run_base *base);
#define AUTO_RUN_BASE CLEANUP(run_base_release)

#endif
