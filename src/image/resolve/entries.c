/* SPDX-License-Identifier: Apache-2.0 */
#include "image/resolve/entries.h"

#include "base/xalloc.h"
#include "image/document/content.h"
#include "oci/index.h"
#include "oci/manifest.h"
#include "repository/repository.h"

static int
describe_single(const struct content *content, const struct resolution *root,
		struct descriptor *ret_entry, struct error **err)
{
	AUTO_MANIFEST struct manifest manifest = { 0 };
	AUTO_DESCRIPTOR struct descriptor entry = { 0 };

	if (manifest_read(root->value, root->descriptor.media_type, &manifest, err) < 0)
		return -1;
	descriptor_copy(&root->descriptor, &entry);
	if (media_type_is_config(manifest.config.media_type)) {
		if (content_get_platform(content, &manifest, &entry.platform, err) < 0)
			return -1;
		entry.has_platform = entry.platform.os != NULL;
	} else if (manifest.artifact_type) {
		free(entry.artifact_type);
		entry.artifact_type = xstrdup(manifest.artifact_type);
	}
	*ret_entry = entry;
	entry = (struct descriptor){ 0 };
	return 0;
}

int
entries_get(const struct content *content, const struct resolution *root,
	    struct image_index *ret_index, struct error **err)
{
	struct descriptor entry;

	if (root->kind == DOCUMENT_INDEX)
		return image_index_read(root->value, root->descriptor.media_type, ret_index, err);
	if (describe_single(content, root, &entry, err) < 0)
		return -1;
	*ret_index = (struct image_index){ .media_type = xstrdup(MEDIA_OCI_INDEX) };
	descriptors_take(&ret_index->manifests, &entry);
	return 0;
}
