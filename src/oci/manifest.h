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

/* `media_type` is what the registry or the descriptor said, NULL when nobody did; types that say
 * nothing (application/json, text/plain) count as NULL.  A hybrid (both `layers` and `manifests`,
 * or a mediaType that is another; class "hybrid") and schema 1 are refused by name.  Layers keep
 * whatever type they have: artifacts may use any. */
int manifest_read(const json_t *value, const char *media_type, struct manifest *ret_manifest,
		  struct error **err);
int manifest_parse(const void *bytes, size_t size, const char *media_type,
		   struct manifest *ret_manifest, struct error **err);

/* Compact JSON in a fixed order of keys, annotations in the order of their bytes; the caller owns
 * the string. */
char *manifest_format(const struct manifest *manifest);
uint64_t manifest_layers_bytes(const struct manifest *manifest); /* as they are listed */
const char *manifest_annotation(const struct manifest *manifest, const char *name);
void manifest_release(struct manifest *manifest);
#define AUTO_MANIFEST CLEANUP(manifest_release)

/* The kind of document by its media type and, when there is none, by its content; a document that
 * says two things is ERROR_CONTENT, schema 1 is ERROR_CONTENT with class "unsupported" (so that
 * DOCUMENT_SCHEMA1 is never returned), and what is neither is DOCUMENT_OTHER. */
int manifest_kind(const json_t *value, const char *media_type, enum document_kind *ret_kind,
		  struct error **err);

#endif
