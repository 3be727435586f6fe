/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/media_type.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"

struct known_type {
	const char *media_type;
	int value;
};

static const struct known_type document_types[] = {
	{ MEDIA_OCI_MANIFEST, DOCUMENT_MANIFEST },
	{ MEDIA_DOCKER_MANIFEST, DOCUMENT_MANIFEST },
	{ MEDIA_OCI_INDEX, DOCUMENT_INDEX },
	{ MEDIA_DOCKER_INDEX, DOCUMENT_INDEX },
	{ MEDIA_DOCKER_SCHEMA1, DOCUMENT_SCHEMA1 },
	{ MEDIA_DOCKER_SCHEMA1_SIGNED, DOCUMENT_SCHEMA1 },
	{ NULL, DOCUMENT_OTHER },
};

static const struct known_type layer_types[] = {
	{ MEDIA_OCI_LAYER, COMPRESSION_NONE },
	{ MEDIA_OCI_LAYER_GZIP, COMPRESSION_GZIP },
	{ MEDIA_OCI_LAYER_ZSTD, COMPRESSION_ZSTD },
	{ MEDIA_DOCKER_LAYER, COMPRESSION_NONE },
	{ MEDIA_DOCKER_LAYER_GZIP, COMPRESSION_GZIP },
	{ MEDIA_DOCKER_LAYER_ZSTD, COMPRESSION_ZSTD },
	{ NULL, COMPRESSION_UNKNOWN },
};

bool
media_type_is_valid(const char *media_type)
{
	const char *slash = strchr(media_type, '/');
	size_t size = strlen(media_type);

	return slash && slash != media_type && slash[1] != '\0' && size <= MEDIA_TYPE_LIMIT_CHARS &&
	       text_is_printable_ascii(media_type);
}

bool
media_type_is(const char *media_type, const char *known)
{
	size_t size = strcspn(media_type, "; \t");

	return size == strlen(known) && strncasecmp(media_type, known, size) == 0;
}

bool
media_type_is_generic(const char *media_type)
{
	return *media_type == '\0' || media_type_is(media_type, "application/json") ||
	       media_type_is(media_type, "application/octet-stream") ||
	       media_type_is(media_type, "text/plain");
}

static int
find_value(const struct known_type *known, const char *media_type)
{
	while (known->media_type && !media_type_is(media_type, known->media_type))
		known++;
	return known->value;
}

enum document_kind
media_type_kind(const char *media_type)
{
	return (enum document_kind)find_value(document_types, media_type);
}

enum compression
media_type_compression(const char *media_type)
{
	return (enum compression)find_value(layer_types, media_type);
}

enum media_family
media_type_family(const char *manifest_type)
{
	return media_type_is(manifest_type, MEDIA_DOCKER_MANIFEST) ||
			       media_type_is(manifest_type, MEDIA_DOCKER_INDEX)
		       ? MEDIA_FAMILY_DOCKER
		       : MEDIA_FAMILY_OCI;
}

const char *
media_type_in(const char *media_type, enum media_family family)
{
	static const char *const twins[][2] = {
		{ MEDIA_OCI_MANIFEST, MEDIA_DOCKER_MANIFEST },
		{ MEDIA_OCI_INDEX, MEDIA_DOCKER_INDEX },
		{ MEDIA_OCI_CONFIG, MEDIA_DOCKER_CONFIG },
		{ MEDIA_OCI_LAYER, MEDIA_DOCKER_LAYER },
		{ MEDIA_OCI_LAYER_GZIP, MEDIA_DOCKER_LAYER_GZIP },
		{ MEDIA_OCI_LAYER_ZSTD, MEDIA_DOCKER_LAYER_ZSTD },
	};

	for (size_t i = 0; family != MEDIA_FAMILY_KEPT && i < COUNT_OF(twins); i++)
		if (media_type_is(media_type, twins[i][0]) ||
		    media_type_is(media_type, twins[i][1]))
			return twins[i][family == MEDIA_FAMILY_DOCKER];
	return media_type;
}

bool
media_type_is_config(const char *media_type)
{
	return media_type_is(media_type, MEDIA_OCI_CONFIG) ||
	       media_type_is(media_type, MEDIA_DOCKER_CONFIG);
}
