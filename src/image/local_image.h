/* local_image.h - an image that the store has, for one platform: its manifest and its config */
#ifndef OCIFP_IMAGE_LOCAL_IMAGE_H
#define OCIFP_IMAGE_LOCAL_IMAGE_H

#include "base/cleanup.h"
#include "oci/config.h"
#include "oci/manifest.h"

struct error;
struct platforms;
struct session;

struct local_image {
	struct digest digest; /* of the manifest */
	struct manifest manifest;
	struct image_config config;
};

/* Of an index its entry for the first of the platforms (NULL: linux/<what we run on>).
 * ERROR_CONTENT for what is no image or cannot be unpacked; its layers are those of the config. */
int local_image_read(struct session *session, const struct digest *root,
		     const struct platforms *platforms, struct local_image *ret_image,
		     struct error **err);
void local_image_release(struct local_image *image);
#define AUTO_LOCAL_IMAGE CLEANUP(local_image_release)

#endif
