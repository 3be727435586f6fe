/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.h - an image manifest: one config and its layers; or an artifact's
 *
 * image-spec, manifest.md; Docker image manifest version 2, schema 2.
 */
#ifndef OCIFP_OCI_MANIFEST_H
#define OCIFP_OCI_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "oci/descriptor.h"
#include "oci/media_type.h"

struct manifest {
	char *media_type; /* of the manifest itself */
	char *artifact_type;
	struct descriptor config;
	struct descriptors layers;
	bool has_subject;
	struct descriptor subject;
	json_t *annotations; /* NULL: none */
};

/* `media_type` is what the registry or the descriptor stated, NULL: nothing; neutral types
 * (application/json, text/plain) count as NULL.  Refuses a hybrid (`layers` and `manifests`, or a
 * contradicting mediaType; class "hybrid") and schema 1.  Layers keep any media type, for
 * artifacts. */
int manifest_read(const json_t *value, const char *media_type, struct manifest *ret_manifest,
		  struct error **err);
int manifest_parse(const void *bytes, size_t size, const char *media_type,
		   struct manifest *ret_manifest, struct error **err);

/* Compact JSON with a fixed order of keys and annotations sorted by bytes; the caller owns the
 * string. */
char *manifest_format(const struct manifest *manifest);
uint64_t manifest_layers_bytes(const struct manifest *manifest); /* as they are listed */
const char *manifest_annotation(const struct manifest *manifest, const char *name);
void manifest_release(struct manifest *manifest);
#define AUTO_MANIFEST CLEANUP(manifest_release)

/* The kind of document by its media type, or without one by its content.  ERROR_CONTENT: media type
 * and content contradict each other, or schema 1 (class "unsupported"; DOCUMENT_SCHEMA1 is never
 * returned).  Other documents are DOCUMENT_OTHER. */
int manifest_kind(const json_t *value, const char *media_type, enum document_kind *ret_kind,
		  struct error **err);

#endif
