/* SPDX-License-Identifier: Apache-2.0 */
/* config_edit.h - an image's configuration and manifest, changed
 *
 * image-spec, config.md, manifest.md.  The documents are edited, not written anew: what we do not
 * know stays as it was.
 */
#ifndef OCIFP_OCI_CONFIG_EDIT_H
#define OCIFP_OCI_CONFIG_EDIT_H

#include <stdint.h>

#include <jansson.h>

#include "base/strings.h"
#include "oci/descriptor.h"

/* What may be taken away before anything is set, as bits of `cleared`. */
enum config_part {
	CONFIG_ENVIRONMENT = 1 << 0,
	CONFIG_ENTRYPOINT = 1 << 1,
	CONFIG_COMMAND = 1 << 2,
	CONFIG_USER = 1 << 3,
	CONFIG_WORKING_DIR = 1 << 4,
	CONFIG_LABELS = 1 << 5,
	CONFIG_PORTS = 1 << 6,
	CONFIG_VOLUMES = 1 << 7,
	CONFIG_STOP_SIGNAL = 1 << 8,
	CONFIG_HEALTHCHECK = 1 << 9
};

/* Of empty lists and NULLs nothing is changed. */
struct config_change {
	unsigned cleared;
	const struct strings *environment; /* "NAME=VALUE", each in the place of its name */
	const struct strings *entrypoint;  /* replaced; without a command the old one goes */
	const struct strings *command;
	const char *user;
	const char *working_dir;
	const struct strings *labels;  /* "NAME=VALUE" */
	const struct strings *ports;   /* "80", "53/udp" */
	const struct strings *volumes; /* paths */
	const char *stop_signal;
	const char *author;
	const struct platform *platform;
	const char *created_by; /* of the history */
	int64_t created_s;      /* the time of the image and of what is added to its history */
};

/* The caller's: a configuration for nothing at all. */
json_t *config_new(const struct platform *platform);

/* Of a document that image_config_parse() takes.  `diff_ids` are the new layers'; the history gets
 * an entry for each, or one that is empty, unless the old one does not fit the layers anyway. */
void config_edit(json_t *document, const struct config_change *change,
		 const struct digest *diff_ids, size_t diff_id_count);

/* The caller's: a manifest without layers. */
json_t *manifest_new(void);
/* Its annotations are those of before and these, which win. */
void manifest_edit(json_t *document, const struct descriptor *config,
		   const struct descriptors *added_layers, const json_t *annotations);

#endif
