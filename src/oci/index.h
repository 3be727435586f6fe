/* SPDX-License-Identifier: Apache-2.0 */
/* index.h - an image index: one image for several platforms
 *
 * image-spec, image-index.md; Docker manifest list.
 */
#ifndef OCIFP_OCI_INDEX_H
#define OCIFP_OCI_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "oci/descriptor.h"
#include "oci/media_type.h"

struct image_index {
	char *media_type;
	char *artifact_type;
	struct descriptors manifests;
	json_t *unsupported; /* entries with an unsupported digest, as they came; or NULL */
	bool has_subject;
	struct descriptor subject;
	json_t *annotations; /* NULL: none */
};

/* `media_type` as for manifest_parse(). */
int image_index_read(const json_t *value, const char *media_type, struct image_index *ret_index,
		     struct error **err);
int image_index_parse(const void *bytes, size_t size, const char *media_type,
		      struct image_index *ret_index, struct error **err);

/* Compact JSON with a fixed order of keys and annotations sorted by bytes; the caller owns the
 * string. */
char *image_index_format(const struct image_index *index);
const char *image_index_annotation(const struct image_index *index, const char *name);

/* False, and nothing is set, when the value is not UTF-8. */
bool image_index_set_annotation(struct image_index *index, const char *name, const char *value);

/* The best entry for the platform, the first of equals.  Attestations, artifacts and
 * unknown/unknown never match; an entry without a platform does not match here, its config decides.
 * NULL: none. */
const struct descriptor *image_index_find(const struct image_index *index,
					  const struct platform *wanted);

/* True for a document that a registry serves as a manifest; false for a blob that an index lists,
 * as BuildKit's registry cache does.  Neutral media types count as documents. */
bool image_index_entry_is_document(const struct descriptor *entry);

/* False for attestations (annotation vnd.docker.reference.type), unknown/unknown and artifacts. */
bool image_index_entry_is_image(const struct descriptor *entry);
char *image_index_platforms(const struct image_index *index); /* "linux/amd64, linux/arm64" */
void image_index_release(struct image_index *index);
#define AUTO_INDEX CLEANUP(image_index_release)

#endif
