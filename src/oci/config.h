/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - an image's configuration: platform, diff_ids, and the command to run
 *
 * image-spec, config.md.
 */
#ifndef OCIFP_OCI_CONFIG_H
#define OCIFP_OCI_CONFIG_H

#include <stddef.h>

#include <jansson.h>

#include "base/strings.h"
#include "oci/digest.h"
#include "oci/platform.h"

struct image_config {
	struct platform platform; /* all NULL: the config has none (crane, imgpkg, cosign) */
	struct digest *diff_ids;
	size_t diff_id_count;
	char *created; /* NULL: not said */
	char *user;
	char *working_dir;
	struct strings environment;
	struct strings entrypoint;
	struct strings command;
	json_t *labels;  /* NULL: none */
	json_t *history; /* an array as it came, with any items; NULL: none */
};

int image_config_parse(const void *bytes, size_t size, struct image_config *ret_config,
		       struct error **err);

/* ERROR_CONTENT unless each layer of the manifest has one diff_id. */
int image_config_check_layers(const struct image_config *config, size_t layer_count,
			      struct error **err);
void image_config_release(struct image_config *config);
#define AUTO_CONFIG CLEANUP(image_config_release)

#endif
