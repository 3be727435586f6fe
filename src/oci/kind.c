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

#define FIELD(name, type, member) \
	{ \
		name, type, false, offsetof(struct shape, member) \
	}

static const struct field fields[] = {
	FIELD("mediaType", FIELD_STRING, media_type),
	FIELD("schemaVersion", FIELD_SIZE, schema_version),
	FIELD("manifests", FIELD_ARRAY, manifests),
	FIELD("layers", FIELD_ARRAY, layers),
	FIELD("config", FIELD_OBJECT, config),
	FIELD("fsLayers", FIELD_ARRAY, fs_layers),
};

static int
refuse_schema1(struct error **err)
{
	error_set(err, ERROR_CONTENT, "this is a manifest of the outdated schema 1");
	error_set_class(err, CLASS_UNSUPPORTED);
	return error_set_hint(err, "build the image again, or push it with a current tool");
}

static int
refuse_hybrid(struct error **err, const char *one, const char *other)
{
	error_set(err, ERROR_CONTENT, "the document has both '%s' and '%s'", one, other);
	return error_set_class(err, CLASS_HYBRID);
}

static int
refuse_contradiction(struct error **err, const char *said, const char *own)
{
	error_set(err, ERROR_CONTENT, "the document was sent as '%s' and calls itself '%s'",
		  QUOTED(said), QUOTED(own));
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

static int
check_fields(const struct shape *shape, struct error **err)
{
	if (shape->manifests && shape->layers)
		return refuse_hybrid(err, "manifests", "layers");
	if (shape->manifests && shape->config)
		return refuse_hybrid(err, "manifests", "config");
	if (shape->fs_layers && (shape->manifests || shape->layers))
		return refuse_hybrid(err, "fsLayers", shape->layers ? "layers" : "manifests");
	return 0;
}

static int
check_type(const struct shape *shape, enum document_kind kind, struct error **err)
{
	if (shape->manifests && kind == DOCUMENT_MANIFEST)
		return refuse_fields(err, "a manifest", "an index");
	if ((shape->layers || shape->config) && kind == DOCUMENT_INDEX)
		return refuse_fields(err, "an index", "a manifest");
	if (kind == DOCUMENT_SCHEMA1 || kind_by_shape(shape) == DOCUMENT_SCHEMA1)
		return refuse_schema1(err);
	return 0;
}

int
kind_find(const json_t *document, const char *said, struct kind *ret_kind, struct error **err)
{
	struct shape shape = { 0 };
	struct kind kind = { 0 };

	if (document_read_fields(document, fields, sizeof(fields) / sizeof(fields[0]), &shape,
				 err) < 0)
		return -1;
	if (said && media_type_is_generic(said))
		said = NULL;
	if (said && shape.media_type && !media_type_is(said, shape.media_type))
		return refuse_contradiction(err, said, shape.media_type);
	kind.media_type = shape.media_type ? shape.media_type : said;
	kind.kind = kind.media_type ? media_type_kind(kind.media_type) : kind_by_shape(&shape);
	if (check_fields(&shape, err) < 0 || check_type(&shape, kind.kind, err) < 0)
		return -1;
	*ret_kind = kind;
	return 0;
}

static int
refuse_kind(struct error **err, const struct kind *kind, enum document_kind wanted)
{
	if (kind->media_type)
		error_set(err, ERROR_CONTENT, "a document of type '%s' is not an image %s",
			  QUOTED(kind->media_type ? kind->media_type : ""),
			  wanted == DOCUMENT_INDEX ? "index" : "manifest");
	else
		error_set(err, ERROR_CONTENT, "the document is not an image %s",
			  wanted == DOCUMENT_INDEX ? "index" : "manifest");
	return error_set_class(err, CLASS_UNSUPPORTED);
}

int
kind_require(const json_t *document, const char *said, enum document_kind wanted,
	     struct kind *ret_kind, struct error **err)
{
	struct kind kind = { 0 };

	if (kind_find(document, said, &kind, err) < 0)
		return -1;
	if (kind.kind != wanted)
		return refuse_kind(err, &kind, wanted);
	if (!kind.media_type)
		kind.media_type = wanted == DOCUMENT_INDEX ? MEDIA_OCI_INDEX : MEDIA_OCI_MANIFEST;
	*ret_kind = kind;
	return 0;
}
