/* SPDX-License-Identifier: Apache-2.0 */
/* derive.h - a new image out of another one: layers on top or below, in another form, a changed
 * configuration
 *
 *     base (registry, layout, archive, store; or nothing at all)
 *       --> per platform: config and manifest, edited --> destination [--> registry]
 *
 * What we do not know of the base's documents stays as it was.  Attestations speak of the base and
 * are left out.
 */
#ifndef OCIFP_IMAGE_MAKE_DERIVE_H
#define OCIFP_IMAGE_MAKE_DERIVE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "image/make/new_layer.h"
#include "oci/config_edit.h"

struct error;
struct location;
struct platforms;
struct session;

/* What becomes of the layers that the base has. */
enum derive_layers {
	DERIVE_KEEP,
	DERIVE_REBASE,     /* replace the lowest by another image's: rebase.h */
	DERIVE_FLATTEN,    /* replace them by one: remake.h */
	DERIVE_RECOMPRESS, /* compress each as `how` says: remake.h */
};

struct derive_options {
	const char *base;                  /* a reference; NULL: none */
	const struct platforms *platforms; /* NULL: all of the base, or linux/<this machine> */
	const struct layer_path *layers;
	size_t layer_count;
	struct new_layer_options how;
	enum derive_layers of_base;
	const char *old_base; /* for DERIVE_REBASE; NULL: the base in the image's annotations */
	const char *new_base;
	enum media_family family;           /* of the documents */
	const struct config_change *change; /* NULL: the configuration stays as it is */
	const json_t *annotations;          /* for each manifest; NULL: none */
	bool clear_annotations;             /* the base's */
	bool annotate_base; /* add annotations that name the base: image-spec, annotations.md */
	const struct location *output; /* a layout, an archive; a registry's name: the store */
	bool push;                     /* to the registry in `output`, not to the store */
};

struct derive_result {
	char *repository; /* "host/name", "oci:DIR" */
	struct digest digest;
};

int derive_image(struct session *session, const struct derive_options *options,
		 struct derive_result *ret_result, struct error **err);
void derive_result_release(struct derive_result *result);
#define AUTO_DERIVE_RESULT CLEANUP(derive_result_release)

#endif
