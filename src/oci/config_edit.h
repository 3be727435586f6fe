/* SPDX-License-Identifier: Apache-2.0 */
/* config_edit.h - changes to an image's configuration and manifest
 *
 * image-spec, config.md, manifest.md.  Documents are edited, not written anew: unknown members
 * stay.
 */
#ifndef OCIFP_OCI_CONFIG_EDIT_H
#define OCIFP_OCI_CONFIG_EDIT_H

#include <stdint.h>

#include <jansson.h>

#include "base/strings.h"
#include "oci/descriptor.h"
#include "oci/media_type.h"

/* Members that are removed before any is set, as bits of `cleared`. */
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

/* Empty lists and NULLs change nothing. */
struct config_change {
	unsigned cleared;
	const struct strings *environment; /* "NAME=VALUE"; replaces the value of that name */
	const struct strings
		*entrypoint; /* replaced; without a new command the old one is removed */
	const struct strings *command;
	const char *user;
	const char *working_dir;
	const struct strings *labels;  /* "NAME=VALUE" */
	const struct strings *ports;   /* "80", "53/udp" */
	const struct strings *volumes; /* paths */
	const char *stop_signal;
	const char *author;
	const struct platform *platform;
	const char *created_by; /* for the history */
	int64_t created_s;      /* the creation time of the image and of its new history entries */
};

/* A configuration without layers; the caller's. */
json_t *config_new(const struct platform *platform);

/* Edits a document that image_config_parse() accepts.  `diff_ids` are those of the new layers.  The
 * history gets an entry for each, or an empty one, unless its old entries do not match the layers.
 */
void config_edit(json_t *document, const struct config_change *change,
		 const struct digest *diff_ids, size_t diff_id_count);

/* Replaces the diff_ids and the history of `old_base`, which `document` begins with, and the
 * platform by those of `new_base`.  Removes a history that does not match the layers. */
void config_rebase(json_t *document, const json_t *old_base, const json_t *new_base);

/* Leaves one layer, and a history of one entry with the time of the image. */
void config_flatten(json_t *document, const struct digest *diff_id, const char *created_by);

/* A manifest without layers; the caller's. */
json_t *manifest_new(void);

/* Sets the media types of that family.  Removes annotations, artifactType and subject, which
 * Docker's manifests do not have.  ERROR_USAGE: a layer has no such media type. */
int manifest_convert(json_t *document, enum media_family family, struct error **err);

/* `config` NULL: unchanged.  Adds these annotations; they replace old ones of the same name. */
void manifest_edit(json_t *document, const struct descriptor *config,
		   const struct descriptors *added_layers, const json_t *annotations);

#endif
