/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/manifest.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "oci/kind.h"

struct manifest_fields {
	uint64_t schema_version;
	const char *artifact_type;
	const json_t *config;
	const json_t *layers;
	const json_t *subject;
	const json_t *annotations;
};

static const struct field fields[] = {
	FIELD("schemaVersion", FIELD_SIZE, true, manifest_fields, schema_version),
	FIELD("artifactType", FIELD_STRING, false, manifest_fields, artifact_type),
	FIELD("config", FIELD_OBJECT, true, manifest_fields, config),
	FIELD("layers", FIELD_ARRAY, true, manifest_fields, layers),
	FIELD("subject", FIELD_OBJECT, false, manifest_fields, subject),
	FIELD("annotations", FIELD_STRINGS, false, manifest_fields, annotations),
};

int
manifest_kind(const json_t *value, const char *media_type, enum document_kind *ret_kind,
	      struct error **err)
{
	struct kind kind = { 0 };

	if (kind_find(value, media_type, &kind, err) < 0)
		return -1;
	*ret_kind = kind.kind;
	return 0;
}

static int
parse_parts(const struct manifest_fields *raw, struct manifest *manifest, struct error **err)
{
	if (descriptor_parse(raw->config, &manifest->config, err) < 0)
		return error_wrap(err, "config");
	if (descriptors_parse(raw->layers, "layers", &manifest->layers, NULL, err) < 0)
		return -1;
	if (!raw->subject)
		return 0;
	manifest->has_subject = true;
	if (descriptor_parse(raw->subject, &manifest->subject, err) < 0)
		return error_wrap(err, "subject");
	return 0;
}

int
manifest_read(const json_t *value, const char *media_type, struct manifest *ret_manifest,
	      struct error **err)
{
	AUTO_MANIFEST struct manifest manifest = { 0 };
	struct manifest_fields raw = { 0 };
	struct kind kind;
	uint64_t total;

	if (kind_require(value, media_type, DOCUMENT_MANIFEST, &kind, err) < 0 ||
	    DOCUMENT_READ(value, fields, &raw, err) < 0)
		return -1;
	if (raw.schema_version != 2)
		return error_set(err, ERROR_CONTENT, "'schemaVersion' is not 2");
	manifest.media_type = xstrdup(kind.media_type);
	manifest.artifact_type = xstrdup_null(raw.artifact_type);
	manifest.annotations = json_deep_copy(raw.annotations);
	if (json_array_size(raw.layers) > LAYERS_LIMIT_COUNT) {
		error_set(err, ERROR_CONTENT, "the manifest has more than %d layers",
			  LAYERS_LIMIT_COUNT);
		return error_set_class(err, CLASS_LIMIT);
	}
	if (parse_parts(&raw, &manifest, err) < 0)
		return -1;
	/* Progress and free space are computed from the sum. */
	total = manifest.config.size_bytes;
	for (size_t i = 0; i < manifest.layers.count; i++) {
		total += manifest.layers.items[i].size_bytes;
		if (total > INT64_MAX)
			return error_set(err, ERROR_CONTENT,
					 "the sizes add up to more than 2^63-1");
	}
	*ret_manifest = manifest;
	manifest = (struct manifest){ 0 };
	return 0;
}

int
manifest_parse(const void *bytes, size_t size, const char *media_type,
	       struct manifest *ret_manifest, struct error **err)
{
	AUTO_JSON json_t *document = document_parse(bytes, size, err);

	return document ? manifest_read(document, media_type, ret_manifest, err) : -1;
}

uint64_t
manifest_layers_bytes(const struct manifest *manifest)
{
	uint64_t size_bytes = 0;

	for (size_t i = 0; i < manifest->layers.count; i++)
		size_bytes += manifest->layers.items[i].size_bytes;
	return size_bytes;
}

const char *
manifest_annotation(const struct manifest *manifest, const char *name)
{
	return json_string_value(json_object_get(manifest->annotations, name));
}

void
manifest_release(struct manifest *manifest)
{
	free(manifest->media_type);
	free(manifest->artifact_type);
	descriptor_release(&manifest->config);
	descriptors_release(&manifest->layers);
	descriptor_release(&manifest->subject);
	json_decref(manifest->annotations);
	*manifest = (struct manifest){ 0 };
}

char *
manifest_format(const struct manifest *manifest)
{
	const char *media_type = manifest->media_type ? manifest->media_type : MEDIA_OCI_MANIFEST;
	AUTO_JSON json_t *object = json_object();

	json_object_set_new(object, "schemaVersion", json_integer(2));
	json_object_set_new(object, "mediaType", json_string(media_type));
	if (manifest->artifact_type)
		json_object_set_new(object, "artifactType", json_string(manifest->artifact_type));
	json_object_set_new(object, "config", descriptor_json(&manifest->config));
	json_object_set_new(object, "layers", descriptors_json(&manifest->layers));
	if (manifest->has_subject)
		json_object_set_new(object, "subject", descriptor_json(&manifest->subject));
	if (manifest->annotations)
		json_object_set_new(object, "annotations", document_sorted(manifest->annotations));
	return document_format(object);
}
