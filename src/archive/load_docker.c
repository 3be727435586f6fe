/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/state.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/annotation.h"
#include "oci/config.h"
#include "oci/document.h"
#include "oci/media_type.h"

/* One item of manifest.json. */
struct saved_image {
	const char *config; /* names of members */
	const json_t *layers;
	const json_t *tags; /* NULL: none */
};

static const struct field saved_fields[] = {
	{ "Config", FIELD_STRING, true, offsetof(struct saved_image, config) },
	{ "Layers", FIELD_ARRAY, true, offsetof(struct saved_image, layers) },
	{ "RepoTags", FIELD_ARRAY, false, offsetof(struct saved_image, tags) },
};

static const char *
layer_type(enum compression compression)
{
	switch (compression) {
	case COMPRESSION_GZIP:
		return MEDIA_OCI_LAYER_GZIP;
	case COMPRESSION_ZSTD:
		return MEDIA_OCI_LAYER_ZSTD;
	case COMPRESSION_NONE:
	case COMPRESSION_UNKNOWN:
		break;
	}
	return MEDIA_OCI_LAYER;
}

static json_t *
describe(const struct member *member, const char *media_type)
{
	AUTO_DESCRIPTOR struct descriptor descriptor = {
		.media_type = xstrdup(media_type),
		.digest = member->digest,
		.size_bytes = member->size_bytes,
	};

	return descriptor_json(&descriptor);
}

/* The member that an item of Config or Layers names. */
static int
find_named(const struct archive_image *archive, const char *text, struct member **ret_member,
	   struct error **err)
{
	if (!text) {
		error_set(err, ERROR_CONTENT, "the name of a layer is not a string");
		return -1;
	}
	if (member_require(archive, text, ret_member, err) < 0)
		return -1;
	return member_identify(archive, *ret_member, err);
}

static int
add_layers(const struct archive_image *archive, const struct saved_image *saved,
	   const struct image_config *config, json_t *layers, struct error **err)
{
	size_t count = json_array_size(saved->layers);

	if (image_config_check_layers(config, count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const char *name = json_string_value(json_array_get(saved->layers, i));
		struct member *layer = NULL;

		if (find_named(archive, name, &layer, err) < 0)
			return -1;
		if (layer->compression == COMPRESSION_NONE &&
		    !digest_equal(&layer->digest, &config->diff_ids[i])) {
			error_set(err, ERROR_CONTENT,
				  "layer '%s' does not match the config's diff_id '%s'",
				  layer->name, digest_text(&config->diff_ids[i]).text);
			return error_set_class(err, CLASS_DIGEST);
		}
		(void)json_array_append_new(layers,
					    describe(layer, layer_type(layer->compression)));
	}
	return 0;
}

static int
read_config(const struct archive_image *archive, const char *name, struct member **ret_member,
	    struct image_config *ret_config, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(CONFIG_LIMIT_BYTES);

	if (find_named(archive, name, ret_member, err) < 0 ||
	    member_read(archive, *ret_member, &buf, err) < 0)
		return -1;
	if (image_config_parse(buf.data, buf.size, ret_config, err) < 0)
		return error_wrap(err, "config '%s'", (*ret_member)->name);
	return 0;
}

/* The manifest that a registry would have for the image; the caller's reference. */
static json_t *
make_manifest(const struct archive_image *archive, const struct saved_image *saved,
	      struct error **err)
{
	AUTO_JSON json_t *manifest = json_object();
	AUTO_JSON json_t *layers = json_array();
	AUTO_CONFIG struct image_config config = { 0 };
	struct member *member = NULL;

	if (read_config(archive, saved->config, &member, &config, err) < 0 ||
	    add_layers(archive, saved, &config, layers, err) < 0)
		return NULL;
	(void)json_object_set_new(manifest, "schemaVersion", json_integer(2));
	(void)json_object_set_new(manifest, "mediaType", json_string(MEDIA_OCI_MANIFEST));
	(void)json_object_set_new(manifest, "config", describe(member, MEDIA_OCI_CONFIG));
	(void)json_object_set(manifest, "layers", layers);
	return TAKE_PTR(manifest);
}

static const struct made_document *
add_document(struct archive_image *archive, const json_t *manifest)
{
	char *bytes = document_format(manifest);
	size_t size = strlen(bytes);

	archive->documents =
		xgrow(archive->documents, archive->document_count, sizeof(*archive->documents));
	archive->documents[archive->document_count] = (struct made_document){
		.digest = digest_of(DIGEST_SHA256, bytes, size),
		.bytes = bytes,
		.size = size,
	};
	return &archive->documents[archive->document_count++];
}

static void
add_reference(struct archive_image *archive, const struct made_document *document, const char *tag)
{
	AUTO_DESCRIPTOR struct descriptor reference = {
		.media_type = xstrdup(MEDIA_OCI_MANIFEST),
		.digest = document->digest,
		.size_bytes = document->size,
	};

	if (tag) {
		reference.annotations = json_object();
		(void)json_object_set_new(reference.annotations, ANNOTATION_REF_NAME,
					  json_string(tag));
	}
	descriptors_take(&archive->references, &reference);
}

static int
add_references(struct archive_image *archive, const struct made_document *document,
	       const json_t *tags, struct error **err)
{
	if (json_array_size(tags) == 0)
		add_reference(archive, document, NULL);
	for (size_t i = 0; i < json_array_size(tags); i++) {
		const char *tag = json_string_value(json_array_get(tags, i));

		if (!tag)
			return error_set(err, ERROR_CONTENT, "'RepoTags' is not a list of strings");
		add_reference(archive, document, tag);
	}
	return 0;
}

static int
add_image(struct archive_image *archive, const json_t *item, struct error **err)
{
	struct saved_image saved = { 0 };
	AUTO_JSON json_t *manifest = NULL;

	if (document_read_fields(item, saved_fields, COUNT_OF(saved_fields), &saved, err) < 0)
		return -1;
	manifest = make_manifest(archive, &saved, err);
	if (!manifest)
		return -1;
	return add_references(archive, add_document(archive, manifest), saved.tags, err);
}

/* document_parse() accepts objects only, so the array is wrapped in one.  Text that closes the
 * array early makes a second key, which is refused. */
static json_t *
parse_array(const struct buf *buf, struct error **err)
{
	AUTO_BUF struct buf text = BUF_INIT(buf->size + 16);
	AUTO_JSON json_t *object = NULL;
	const json_t *array;

	if (buf_append_text(&text, "{\"images\":", err) < 0 ||
	    buf_append(&text, buf->data ? buf->data : "", buf->size, err) < 0 ||
	    buf_append_text(&text, "}", err) < 0)
		return NULL;
	object = document_parse(text.data, text.size, err);
	if (!object)
		return NULL;
	array = json_object_get(object, "images");
	if (json_is_array(array) && json_object_size(object) == 1)
		return json_deep_copy(array);
	error_set(err, ERROR_CONTENT, "it is not an array");
	error_set_class(err, CLASS_JSON);
	return NULL;
}

static int
check_count(size_t count, struct error **err)
{
	if (count <= ARCHIVE_IMAGES_LIMIT_COUNT)
		return 0;
	error_set(err, ERROR_CONTENT, "it names more than %d images", ARCHIVE_IMAGES_LIMIT_COUNT);
	return error_set_class(err, CLASS_LIMIT);
}

int
load_docker(struct archive_image *archive, struct error **err)
{
	AUTO_BUF struct buf buf = BUF_INIT(LAYOUT_INDEX_LIMIT_BYTES);
	AUTO_JSON json_t *images = NULL;

	if (member_read_named(archive, "manifest.json", &buf, err) < 0)
		return -1;
	images = parse_array(&buf, err);
	if (!images || check_count(json_array_size(images), err) < 0)
		return error_wrap(err, "manifest.json");
	for (size_t i = 0; i < json_array_size(images); i++)
		if (add_image(archive, json_array_get(images, i), err) < 0)
			return error_wrap(err, "image %zu in manifest.json", i + 1);
	return 0;
}
