/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - an image's configuration: its platform, diff_ids and what to run
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
	struct platform platform; /* all NULL: it does not name one (crane, imgpkg, cosign) */
	struct digest *diff_ids;
	size_t diff_id_count;
	char *created; /* NULL: not said */
	char *user;
	char *working_dir;
	struct strings environment;
	struct strings entrypoint;
	struct strings command;
	json_t *labels;  /* NULL: none */
	json_t *history; /* as it came: an array, whose items may be anything; NULL: none */
};

int image_config_parse(const void *bytes, size_t size, struct image_config *ret_config,
		       struct error **err);

/* ERROR_CONTENT unless there is one diff_id for each layer of the manifest. */
int image_config_check_layers(const struct image_config *config, size_t layer_count,
			      struct error **err);
void image_config_release(struct image_config *config);
#define AUTO_CONFIG CLEANUP(image_config_release)

#endif
