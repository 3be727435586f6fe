/* SPDX-License-Identifier: Apache-2.0 */
/* descriptor.h - a reference to content: media type, digest, size
 *
 * image-spec, descriptor.md.  `urls` is never followed and not kept.
 */
#ifndef OCIFP_OCI_DESCRIPTOR_H
#define OCIFP_OCI_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "oci/digest.h"
#include "oci/platform.h"

struct descriptor {
	char *media_type;
	struct digest digest;
	uint64_t size_bytes;
	bool has_platform;
	struct platform platform;
	char *artifact_type; /* NULL: none */
	json_t *annotations; /* an object of strings, or NULL; ours */
};

/* ERROR_FAILURE, class "unsupported": see digest_parse().  ERROR_CONTENT: a missing, ill-typed or
 * impossible field; `data` that does not match. */
int descriptor_parse(const json_t *object, struct descriptor *ret_descriptor, struct error **err);
json_t *descriptor_json(const struct descriptor *descriptor); /* the caller's reference */
void descriptor_copy(const struct descriptor *descriptor, struct descriptor *ret_copy);
const char *descriptor_annotation(const struct descriptor *descriptor, const char *name);
void descriptor_release(struct descriptor *descriptor);
#define AUTO_DESCRIPTOR CLEANUP(descriptor_release)

struct descriptors {
	struct descriptor *items;
	size_t count;
};

/* An error names the item: "layers[3]: 'size' is missing".  Items whose digest has an unsupported
 * algorithm go into the array `unsupported` as they came; NULL: they are an error. */
int descriptors_parse(const json_t *array, const char *name, struct descriptors *ret_descriptors,
		      json_t *unsupported, struct error **err);
json_t *descriptors_json(const struct descriptors *descriptors); /* the caller's reference */
void descriptors_add(struct descriptors *descriptors, const struct descriptor *descriptor);
void descriptors_take(struct descriptors *descriptors, struct descriptor *descriptor);
bool descriptors_has(const struct descriptors *descriptors, const struct digest *digest);
void descriptors_release(struct descriptors *descriptors);
#define AUTO_DESCRIPTORS CLEANUP(descriptors_release)

#endif
