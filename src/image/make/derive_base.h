/* derive_base.h - what a new image is derived from: another one, or nothing at all */
#ifndef OCIFP_IMAGE_MAKE_DERIVE_BASE_H
#define OCIFP_IMAGE_MAKE_DERIVE_BASE_H

#include <jansson.h>

#include "image/document/content.h"
#include "image/document/image_part.h"
#include "image/document/image_tree.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"

struct derive_options;
struct destination;
struct error;
struct session;

struct derive_base {
	struct target target;
	struct found_image found; /* its repository: the store, if there is no base */
	struct content content;   /* where its blobs are */
	struct image_node root;
	struct image_nodes manifests; /* those of images; without a base one for each platform,
				       * which has a descriptor alone */
};

/* Release it either way. */
int derive_base_open(struct derive_base *base, struct session *session,
		     const struct derive_options *options, const struct destination *destination,
		     struct error **err);
void derive_base_release(struct derive_base *base);

/* The configuration of one of its manifests, or a new one; the caller's. */
json_t *derive_base_get_config(const struct derive_base *base, const struct image_node *node,
			       struct error **err);

#endif
