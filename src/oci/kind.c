/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/kind.h"

#include "base/error.h"
#include "base/text.h"
#include "oci/document.h"

struct shape {
	const char *media_type;
	uint64_t schema_version;
	const json_t *manifests;
	const json_t *layers;
	const json_t *config;
	const json_t *fs_layers;
};

static const struct field fields[] = {
	FIELD("mediaType", FIELD_STRING, false, shape, media_type),
	FIELD("schemaVersion", FIELD_SIZE, false, shape, schema_version),
	FIELD("manifests", FIELD_ARRAY, false, shape, manifests),
	FIELD("layers", FIELD_ARRAY, false, shape, layers),
	FIELD("config", FIELD_OBJECT, false, shape, config),
	FIELD("fsLayers", FIELD_ARRAY, false, shape, fs_layers),
};

static int
refuse_hybrid(struct error **err, const char *one, const char *other)
{
	error_set(err, ERROR_CONTENT, "the document has both '%s' and '%s'", one, other);
	return error_set_class(err, CLASS_HYBRID);
}

static int
refuse_fields(struct error **err, const char *type, const char *fields_of)
{
	error_set(err, ERROR_CONTENT, "the document has the media type of %s and the fields of %s",
		  type, fields_of);
	return error_set_class(err, CLASS_HYBRID);
}

static enum document_kind
kind_by_shape(const struct shape *shape)
{
	if (shape->fs_layers || shape->schema_version == 1)
		return DOCUMENT_SCHEMA1;
	if (shape->manifests)
		return DOCUMENT_INDEX;
	return shape->layers && shape->config ? DOCUMENT_MANIFEST : DOCUMENT_OTHER;
}

int
kind_find(const json_t *document, const char *said, struct kind *ret_kind, struct error **err)
{
	struct shape shape = { 0 };
	struct kind kind = { 0 };

	if (DOCUMENT_READ(document, fields, &shape, err) < 0)
		return -1;
	if (said && media_type_is_generic(said))
		said = NULL;
	if (said && shape.media_type && !media_type_is(said, shape.media_type)) {
		error_set(err, ERROR_CONTENT, "the document was sent as '%s' and calls itself '%s'",
			  QUOTED(said), QUOTED(shape.media_type));
		return error_set_class(err, CLASS_HYBRID);
	}
	kind.media_type = shape.media_type ? shape.media_type : said;
	kind.kind = kind.media_type ? media_type_kind(kind.media_type) : kind_by_shape(&shape);
	if (shape.manifests && shape.layers)
		return refuse_hybrid(err, "manifests", "layers");
	if (shape.manifests && shape.config)
		return refuse_hybrid(err, "manifests", "config");
	if (shape.fs_layers && (shape.manifests || shape.layers))
		return refuse_hybrid(err, "fsLayers", shape.layers ? "layers" : "manifests");
	if (shape.manifests && kind.kind == DOCUMENT_MANIFEST)
		return refuse_fields(err, "a manifest", "an index");
	if ((shape.layers || shape.config) && kind.kind == DOCUMENT_INDEX)
		return refuse_fields(err, "an index", "a manifest");
	if (kind.kind == DOCUMENT_SCHEMA1 || kind_by_shape(&shape) == DOCUMENT_SCHEMA1) {
		error_set(err, ERROR_CONTENT, "this is a manifest of the outdated schema 1");
		error_set_class(err, CLASS_UNSUPPORTED);
		return error_set_hint(err, "build the image again, or push it with a current tool");
	}
	*ret_kind = kind;
	return 0;
}

int
kind_require(const json_t *document, const char *said, enum document_kind wanted,
	     struct kind *ret_kind, struct error **err)
{
	struct kind kind = { 0 };

	if (kind_find(document, said, &kind, err) < 0)
		return -1;
	if (kind.kind != wanted) {
		if (kind.media_type)
			error_set(err, ERROR_CONTENT, "a document of type '%s' is not an image %s",
				  QUOTED(kind.media_type),
				  wanted == DOCUMENT_INDEX ? "index" : "manifest");
		else
			error_set(err, ERROR_CONTENT, "the document is not an image %s",
				  wanted == DOCUMENT_INDEX ? "index" : "manifest");
		return error_set_class(err, CLASS_UNSUPPORTED);
	}
	if (!kind.media_type)
		kind.media_type = wanted == DOCUMENT_INDEX ? MEDIA_OCI_INDEX : MEDIA_OCI_MANIFEST;
	*ret_kind = kind;
	return 0;
}
