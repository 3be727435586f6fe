/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/documents.h"

#include <string.h>

#include "archive/state.h"
#include "base/error.h"
#include "oci/annotation.h"
#include "oci/document.h"
#include "oci/manifest.h"
#include "oci/media_type.h"
#include "oci/reference.h"

#define CONTAINERD_NAME "io.containerd.image.name" /* what `docker save` and `ctr` use */

static bool
set_name(json_t *annotations, const char *key, const char *name)
{
	return json_object_set_new(annotations, key, json_string(name)) == 0;
}

/* As `docker save` has it: the whole reference for containerd, its tag for everyone else. */
static bool
set_docker_names(json_t *annotations, const char *tag)
{
	AUTO_FREE char *name = reference_docker_name(tag);

	/* A podman before 4 takes the second for the name: a tag alone would become one. */
	return name && set_name(annotations, CONTAINERD_NAME, name) &&
	       set_name(annotations, ANNOTATION_REF_NAME, name);
}

static json_t *
index_entry(const struct descriptor *root, bool is_docker, const char *tag)
{
	AUTO_JSON json_t *entry = descriptor_json(root);
	AUTO_JSON json_t *annotations =
		root->annotations ? json_deep_copy(root->annotations) : json_object();

	(void)json_object_del(annotations, ANNOTATION_REF_NAME);
	if (tag && !(is_docker ? set_docker_names(annotations, tag)
			       : set_name(annotations, ANNOTATION_REF_NAME, tag)))
		return NULL;
	if (json_object_size(annotations) > 0)
		(void)json_object_set(entry, "annotations", annotations);
	else
		(void)json_object_del(entry, "annotations");
	return TAKE_PTR(entry);
}

char *
documents_index(const struct descriptor *root, bool is_docker, const char *tag)
{
	AUTO_JSON json_t *index = json_object();
	json_t *entry = index_entry(root, is_docker, tag);
	json_t *manifests = json_array();

	(void)json_object_set_new(index, "schemaVersion", json_integer(2));
	(void)json_object_set_new(index, "mediaType", json_string(MEDIA_OCI_INDEX));
	(void)json_object_set_new(index, "manifests", manifests);
	return entry && json_array_append_new(manifests, entry) == 0 ? document_format(index)
								     : NULL;
}

static json_t *
member_of(const struct descriptor *descriptor)
{
	AUTO_FREE char *name = blob_member_name(&descriptor->digest);

	return json_string(name);
}

static bool
is_whole_reference(const char *tag)
{
	const char *colon = strrchr(tag, ':');

	return colon && colon > tag && !strchr(colon, '/') && !strchr(tag, '@');
}

char *
documents_manifest(const struct manifest *manifest, const char *tag)
{
	AUTO_JSON json_t *images = json_array();
	json_t *image = json_object();
	json_t *tags = json_array();
	json_t *layers = json_array();

	if (tag && is_whole_reference(tag))
		(void)json_array_append_new(tags, json_string(tag));
	for (size_t i = 0; i < manifest->layers.count; i++)
		(void)json_array_append_new(layers, member_of(&manifest->layers.items[i]));
	(void)json_object_set_new(image, "Config", member_of(&manifest->config));
	(void)json_object_set_new(image, "RepoTags", tags);
	(void)json_object_set_new(image, "Layers", layers);
	(void)json_array_append_new(images, image);
	return document_format(images);
}
