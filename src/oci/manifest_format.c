/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/manifest.h"

#include "oci/document.h"

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
