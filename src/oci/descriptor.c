/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/descriptor.h"

#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "oci/media_type.h"

struct descriptor_fields {
	const char *media_type;
	const char *digest;
	uint64_t size_bytes;
	const json_t *platform;
	const char *artifact_type;
	const json_t *annotations;
	const char *data;
};

static const struct field fields[] = {
	FIELD("mediaType", FIELD_STRING, true, descriptor_fields, media_type),
	FIELD("digest", FIELD_STRING, true, descriptor_fields, digest),
	FIELD("size", FIELD_SIZE, true, descriptor_fields, size_bytes),
	FIELD("platform", FIELD_OBJECT, false, descriptor_fields, platform),
	FIELD("artifactType", FIELD_STRING, false, descriptor_fields, artifact_type),
	FIELD("annotations", FIELD_STRINGS, false, descriptor_fields, annotations),
	FIELD("data", FIELD_STRING, false, descriptor_fields, data),
};

/* image-spec: embedded content SHOULD be checked; differing content would mislead clients that use
 * it.
 */
static int
check_data(const char *data, const struct descriptor *descriptor, struct error **err)
{
	AUTO_FREE uint8_t *bytes = NULL;
	struct digest digest;
	size_t size;

	if (!data)
		return 0;
	bytes = base64_decode(data, &size);
	if (!bytes)
		return error_set(err, ERROR_CONTENT, "'data' is not base64");
	digest = digest_of(descriptor->digest.algorithm, bytes, size);
	if (size != descriptor->size_bytes || !digest_equal(&digest, &descriptor->digest))
		return error_set(err, ERROR_CONTENT, "'data' does not match 'digest' and 'size'");
	return 0;
}

static int
read_platform(const json_t *object, struct descriptor *descriptor, struct error **err)
{
	if (!object)
		return 0;
	if (platform_parse_json(object, &descriptor->platform, err) < 0)
		return error_wrap(err, "'platform'");
	descriptor->has_platform = descriptor->platform.os != NULL;
	return 0;
}

int
descriptor_parse(const json_t *object, struct descriptor *ret_descriptor, struct error **err)
{
	AUTO_DESCRIPTOR struct descriptor descriptor = { 0 };
	struct descriptor_fields raw = { 0 };

	if (!json_is_object(object))
		return error_set(err, ERROR_CONTENT, "the descriptor is not an object");
	if (DOCUMENT_READ(object, fields, &raw, err) < 0)
		return -1;
	/* The media type goes into the headers of a request. */
	if (!media_type_is_valid(raw.media_type))
		return error_set(err, ERROR_CONTENT, "invalid media type '%s'",
				 QUOTED(raw.media_type));
	if (digest_parse(raw.digest, &descriptor.digest, err) < 0)
		return -1;
	descriptor.size_bytes = raw.size_bytes;
	if (check_data(raw.data, &descriptor, err) < 0 ||
	    read_platform(raw.platform, &descriptor, err) < 0)
		return -1;
	descriptor.media_type = xstrdup(raw.media_type);
	descriptor.artifact_type = xstrdup_null(raw.artifact_type);
	descriptor.annotations = json_deep_copy(raw.annotations);
	*ret_descriptor = descriptor;
	descriptor = (struct descriptor){ 0 };
	return 0;
}

json_t *
descriptor_json(const struct descriptor *descriptor)
{
	struct digest_text digest = digest_text(&descriptor->digest);
	json_t *object = json_object();

	json_object_set_new(object, "mediaType", json_string(descriptor->media_type));
	json_object_set_new(object, "digest", json_string(digest.text));
	json_object_set_new(object, "size", json_integer((json_int_t)descriptor->size_bytes));
	if (descriptor->has_platform)
		json_object_set_new(object, "platform", platform_json(&descriptor->platform));
	if (descriptor->artifact_type)
		json_object_set_new(object, "artifactType", json_string(descriptor->artifact_type));
	if (descriptor->annotations)
		json_object_set_new(object, "annotations",
				    document_sorted(descriptor->annotations));
	return object;
}

void
descriptor_copy(const struct descriptor *descriptor, struct descriptor *ret_copy)
{
	struct descriptor copy = {
		.media_type = xstrdup_null(descriptor->media_type),
		.digest = descriptor->digest,
		.size_bytes = descriptor->size_bytes,
		.has_platform = descriptor->has_platform,
		.artifact_type = xstrdup_null(descriptor->artifact_type),
		.annotations = json_deep_copy(descriptor->annotations),
	};

	platform_copy(&descriptor->platform, &copy.platform);
	*ret_copy = copy;
}

const char *
descriptor_annotation(const struct descriptor *descriptor, const char *name)
{
	return json_string_value(json_object_get(descriptor->annotations, name));
}

void
descriptor_release(struct descriptor *descriptor)
{
	free(descriptor->media_type);
	free(descriptor->artifact_type);
	platform_release(&descriptor->platform);
	json_decref(descriptor->annotations);
	*descriptor = (struct descriptor){ 0 };
}

void
descriptors_add(struct descriptors *descriptors, const struct descriptor *descriptor)
{
	struct descriptor copy;

	descriptor_copy(descriptor, &copy);
	descriptors_take(descriptors, &copy);
}

void
descriptors_take(struct descriptors *descriptors, struct descriptor *descriptor)
{
	descriptors->items = xgrow(descriptors->items, descriptors->count, sizeof(*descriptor));
	descriptors->items[descriptors->count++] = *descriptor;
	*descriptor = (struct descriptor){ 0 };
}

/* Adds to the descriptors, or to `unsupported` unless that is NULL. */
static int
parse_item(json_t *item, struct descriptors *descriptors, json_t *unsupported, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;
	struct descriptor descriptor;

	if (descriptor_parse(item, &descriptor, &failure) == 0) {
		descriptors_take(descriptors, &descriptor);
		return 0;
	}
	if (unsupported && error_has_class(failure, CLASS_UNSUPPORTED))
		return json_array_append(unsupported, item);
	return error_pass(err, TAKE_PTR(failure));
}

int
descriptors_parse(const json_t *array, const char *name, struct descriptors *ret_descriptors,
		  json_t *unsupported, struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors descriptors = { 0 };

	for (size_t i = 0; i < json_array_size(array); i++)
		if (parse_item(json_array_get(array, i), &descriptors, unsupported, err) < 0)
			return error_wrap(err, "%s[%zu]", name, i);
	*ret_descriptors = descriptors;
	descriptors = (struct descriptors){ 0 };
	return 0;
}

json_t *
descriptors_json(const struct descriptors *descriptors)
{
	json_t *array = json_array();

	for (size_t i = 0; i < descriptors->count; i++)
		json_array_append_new(array, descriptor_json(&descriptors->items[i]));
	return array;
}

void
descriptors_release(struct descriptors *descriptors)
{
	for (size_t i = 0; i < descriptors->count; i++)
		descriptor_release(&descriptors->items[i]);
	free(descriptors->items);
	*descriptors = (struct descriptors){ 0 };
}

bool
descriptors_has(const struct descriptors *descriptors, const struct digest *digest)
{
	for (size_t i = 0; i < descriptors->count; i++)
		if (digest_equal(&descriptors->items[i].digest, digest))
			return true;
	return false;
}
