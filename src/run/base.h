/* base.h - what a job runs in: the directories of a root, and what the image says of itself
 *
 *     .ocifp/trees/<manifest, hex>-<id map>     an image's root filesystem, whole or not there
 */
#ifndef OCIFP_RUN_BASE_H
#define OCIFP_RUN_BASE_H

#include "base/strings.h"
#include "oci/config.h"

#define STORE_TREES ".ocifp/trees"

struct digest;
struct error;
struct platforms;
struct session;

struct run_base {
	struct strings layers; /* absolute paths of directories, the topmost first */
	struct image_config config;
};

/* Of an image that the store has, unpacked if it is not yet.  `platforms` NULL: what we run on. */
int run_base_of_image(struct session *session, const struct digest *root,
		      const struct platforms *platforms, struct run_base *ret_base,
		      struct error **err);

/* Of a directory: nothing is known but that. */
int run_base_of_directory(const char *path, struct run_base *ret_base, struct error **err);
void run_base_release(struct run_base *base);
#define AUTO_RUN_BASE CLEANUP(run_base_release)

#endif
