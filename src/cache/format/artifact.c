/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/format/artifact.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "oci/annotation.h"
#include "oci/document.h"

static int
refuse(const char *why, struct error **err)
{
	error_set(err, ERROR_CONTENT, "not a cache that this version can read: %s", why);
	return error_set_class(err, CLASS_NO_CACHE);
}

static int
sort_layer(struct cache_artifact *artifact, const struct descriptor *layer, struct error **err)
{
	if (strcmp(layer->media_type, MEDIA_CACHE_INDEX) == 0 && !artifact->head)
		artifact->head = layer;
	else if (strcmp(layer->media_type, MEDIA_CACHE_INDEX_PACK) == 0)
		descriptors_add(&artifact->index_packs, layer);
	else if (strcmp(layer->media_type, MEDIA_CACHE_PACK) == 0)
		descriptors_add(&artifact->packs, layer);
	else if (strcmp(layer->media_type, MEDIA_CACHE_EXECUTABLES) == 0)
		descriptors_add(&artifact->executables, layer);
	else
		return refuse("a layer is of another type", err);
	if (layer->digest.algorithm != DIGEST_SHA256)
		return refuse("a layer is not named by SHA-256", err);
	return layer->size_bytes <= CACHE_PACK_LIMIT_BYTES
		       ? 0
		       : refuse("a layer has more than 32 MiB", err);
}

static uint64_t
number_of(const struct manifest *manifest, const char *name)
{
	const char *text = manifest_annotation(manifest, name);
	uint64_t number = 0;

	return text && text_parse_uint(text, INT64_MAX, &number) ? number : 0;
}

static int
take_apart(struct cache_artifact *artifact, struct error **err)
{
	const struct manifest *manifest = &artifact->manifest;
	const char *created = manifest_annotation(manifest, ANNOTATION_CREATED);

	if (!manifest->artifact_type || strcmp(manifest->artifact_type, MEDIA_CACHE) != 0)
		return refuse("the manifest's artifactType is another", err);
	if (manifest->layers.count > CACHE_PACKS_LIMIT_COUNT)
		return refuse("too many layers", err);
	for (size_t i = 0; i < manifest->layers.count; i++)
		if (sort_layer(artifact, &manifest->layers.items[i], err) < 0)
			return -1;
	if (artifact->index_packs.count > CACHE_INDEX_PACKS_LIMIT_COUNT)
		return refuse("too many index packs", err);
	if (!artifact->head || artifact->head != &manifest->layers.items[0])
		return refuse("the first layer is not its index", err);
	artifact->total_bytes = number_of(manifest, ANNOTATION_CACHE_BYTES);
	artifact->file_count = number_of(manifest, ANNOTATION_CACHE_FILES);
	artifact->newest_ns = (int64_t)number_of(manifest, ANNOTATION_CACHE_NEWEST);
	if (created && !text_parse_time(created, &artifact->created_s))
		artifact->created_s = 0;
	return 0;
}

int
cache_artifact_parse(const void *bytes, size_t size, struct cache_artifact *ret_artifact,
		     struct error **err)
{
	AUTO_CACHE_ARTIFACT struct cache_artifact artifact = {
		.digest = digest_of(DIGEST_SHA256, bytes, size),
	};

	if (manifest_parse(bytes, size, NULL, &artifact.manifest, err) < 0 ||
	    take_apart(&artifact, err) < 0)
		return -1;
	*ret_artifact = artifact;
	artifact = (struct cache_artifact){ 0 };
	return 0;
}

void
cache_artifact_release(struct cache_artifact *artifact)
{
	manifest_release(&artifact->manifest);
	descriptors_release(&artifact->index_packs);
	descriptors_release(&artifact->packs);
	descriptors_release(&artifact->executables);
	*artifact = (struct cache_artifact){ 0 };
}

static char *
format_time(time_t seconds)
{
	struct tm parts;
	char text[32];

	if (!gmtime_r(&seconds, &parts) ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		return xstrdup("1970-01-01T00:00:00Z");
	return xstrdup(text);
}

static void
annotate(json_t *annotations, const char *name, const char *value)
{
	if (value)
		json_object_set_new(annotations, name, json_string(value));
}

static void
annotate_number(json_t *annotations, const char *name, uint64_t number)
{
	AUTO_FREE char *text = xasprintf("%" PRIu64, number);

	annotate(annotations, name, text);
}

json_t *
cache_annotations(const struct cache_facts *facts)
{
	AUTO_FREE char *created = format_time(time(NULL));
	json_t *annotations = json_object();

	annotate(annotations, ANNOTATION_CACHE_NAME, facts->name);
	annotate(annotations, ANNOTATION_CACHE_KEY, facts->key);
	annotate(annotations, ANNOTATION_CACHE_SCOPE, facts->scope);
	annotate(annotations, ANNOTATION_CACHE_VARIANT, facts->variant);
	annotate(annotations, ANNOTATION_CACHE_PRUNED, facts->pruned);
	annotate_number(annotations, ANNOTATION_CACHE_BYTES, facts->total_bytes);
	annotate_number(annotations, ANNOTATION_CACHE_FILES, facts->file_count);
	annotate_number(annotations, ANNOTATION_CACHE_NEWEST, facts->newest_ns);
	annotate(annotations, ANNOTATION_CREATED, created);
	annotate(annotations, ANNOTATION_REVISION, facts->revision);
	return annotations;
}

char *
cache_config_format(const struct cache_facts *facts)
{
	AUTO_JSON json_t *config = json_object();

	json_object_set_new(config, "version", json_integer(1));
	json_object_set_new(config, "name", json_string(facts->name));
	json_object_set_new(config, "key", json_string(facts->key));
	json_object_set_new(config, "paths", json_strings(facts->paths));
	json_object_set_new(config, "files", json_integer((json_int_t)facts->file_count));
	json_object_set_new(config, "bytes", json_integer((json_int_t)facts->total_bytes));
	if (facts->parent)
		json_object_set_new(config, "parent", json_string(digest_text(facts->parent).text));
	return document_format(config);
}

struct descriptor
cache_layer(const char *media_type, const char *name, const struct digest *digest,
	    uint64_t size_bytes)
{
	AUTO_FREE char *title = xasprintf("%s-%.12s.zst", name, digest_hex(digest).text);

	return (struct descriptor){
		.media_type = xstrdup(media_type),
		.digest = *digest,
		.size_bytes = size_bytes,
		.annotations = json_pack("{s:s}", ANNOTATION_TITLE, title),
	};
}
