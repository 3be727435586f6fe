/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/index.h"

#include "base/error.h"
#include "base/xalloc.h"
#include "oci/document.h"
#include "oci/kind.h"

struct index_fields {
	uint64_t schema_version;
	const char *artifact_type;
	const json_t *manifests;
	const json_t *subject;
	const json_t *annotations;
};

static const struct field fields[] = {
	FIELD("schemaVersion", FIELD_SIZE, true, index_fields, schema_version),
	FIELD("artifactType", FIELD_STRING, false, index_fields, artifact_type),
	FIELD("manifests", FIELD_ARRAY, true, index_fields, manifests),
	FIELD("subject", FIELD_OBJECT, false, index_fields, subject),
	FIELD("annotations", FIELD_STRINGS, false, index_fields, annotations),
};

static int
parse_document(const json_t *document, const char *media_type, struct image_index *index,
	       struct error **err)
{
	struct index_fields raw = { 0 };
	struct kind kind;

	if (kind_require(document, media_type, DOCUMENT_INDEX, &kind, err) < 0 ||
	    DOCUMENT_READ(document, fields, &raw, err) < 0)
		return -1;
	if (raw.schema_version != 2)
		return error_set(err, ERROR_CONTENT, "'schemaVersion' is not 2");
	index->media_type = xstrdup(kind.media_type);
	index->artifact_type = xstrdup_null(raw.artifact_type);
	index->annotations = json_deep_copy(raw.annotations);
	index->unsupported = json_array();
	if (descriptors_parse(raw.manifests, "manifests", &index->manifests, index->unsupported,
			      err) < 0)
		return -1;
	if (!raw.subject)
		return 0;
	index->has_subject = true;
	if (descriptor_parse(raw.subject, &index->subject, err) < 0)
		return error_wrap(err, "subject");
	return 0;
}

int
image_index_read(const json_t *value, const char *media_type, struct image_index *ret_index,
		 struct error **err)
{
	AUTO_INDEX struct image_index index = { 0 };

	if (parse_document(value, media_type, &index, err) < 0)
		return -1;
	*ret_index = index;
	index = (struct image_index){ 0 };
	return 0;
}

int
image_index_parse(const void *bytes, size_t size, const char *media_type,
		  struct image_index *ret_index, struct error **err)
{
	AUTO_JSON json_t *document = document_parse(bytes, size, err);

	return document ? image_index_read(document, media_type, ret_index, err) : -1;
}

char *
image_index_format(const struct image_index *index)
{
	AUTO_JSON json_t *object = json_object();
	json_t *manifests = descriptors_json(&index->manifests);
	const char *media_type = index->media_type ? index->media_type : MEDIA_OCI_INDEX;

	if (index->unsupported)
		json_array_extend(manifests, index->unsupported);
	json_object_set_new(object, "schemaVersion", json_integer(2));
	json_object_set_new(object, "mediaType", json_string(media_type));
	if (index->artifact_type)
		json_object_set_new(object, "artifactType", json_string(index->artifact_type));
	json_object_set_new(object, "manifests", manifests);
	if (index->has_subject)
		json_object_set_new(object, "subject", descriptor_json(&index->subject));
	if (index->annotations)
		json_object_set_new(object, "annotations", document_sorted(index->annotations));
	return document_format(object);
}

const char *
image_index_annotation(const struct image_index *index, const char *name)
{
	return json_string_value(json_object_get(index->annotations, name));
}

bool
image_index_set_annotation(struct image_index *index, const char *name, const char *value)
{
	if (!index->annotations)
		index->annotations = json_object();
	return json_object_set_new(index->annotations, name, json_string(value)) == 0;
}

bool
image_index_entry_is_document(const struct descriptor *entry)
{
	return media_type_kind(entry->media_type) != DOCUMENT_OTHER ||
	       media_type_is_generic(entry->media_type);
}

bool
image_index_entry_is_image(const struct descriptor *entry)
{
	if (media_type_kind(entry->media_type) != DOCUMENT_MANIFEST &&
	    media_type_kind(entry->media_type) != DOCUMENT_INDEX)
		return false;
	if (entry->artifact_type && !media_type_is_config(entry->artifact_type))
		return false;
	if (descriptor_annotation(entry, "vnd.docker.reference.type"))
		return false;
	return !entry->has_platform || !platform_is_unknown(&entry->platform);
}

static unsigned
entry_fit(const struct descriptor *entry, const struct platform *wanted)
{
	if (!entry->has_platform || !image_index_entry_is_image(entry))
		return 0;
	return platform_fit(&entry->platform, wanted);
}

const struct descriptor *
image_index_find(const struct image_index *index, const struct platform *wanted)
{
	const struct descriptor *best = NULL;
	unsigned best_fit = 0;

	for (size_t i = 0; i < index->manifests.count; i++) {
		unsigned fit = entry_fit(&index->manifests.items[i], wanted);

		if (fit <= best_fit)
			continue;
		best_fit = fit;
		best = &index->manifests.items[i];
	}
	return best;
}

char *
image_index_platforms(const struct image_index *index)
{
	AUTO_PLATFORMS struct platforms platforms = { 0 };

	for (size_t i = 0; i < index->manifests.count; i++) {
		const struct descriptor *entry = &index->manifests.items[i];

		if (!entry->has_platform || !image_index_entry_is_image(entry))
			continue;
		if (!platforms_has(&platforms, &entry->platform))
			platforms_add(&platforms, &entry->platform);
	}
	return platforms_format(&platforms, ", ");
}

void
image_index_release(struct image_index *index)
{
	free(index->media_type);
	free(index->artifact_type);
	descriptors_release(&index->manifests);
	descriptor_release(&index->subject);
	json_decref(index->annotations);
	json_decref(index->unsupported);
	*index = (struct image_index){ 0 };
}
