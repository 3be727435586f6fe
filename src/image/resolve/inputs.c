/* SPDX-License-Identifier: Apache-2.0 */
#include "image/resolve/inputs.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "image/document/content.h"
#include "oci/index.h"
#include "oci/manifest.h"
#include "repository/repository.h"

static int
refuse_without_inputs(struct error **err)
{
	error_set(err, ERROR_CONTENT, "the image was published without its list of inputs");
	error_set_class(err, CLASS_NO_INPUTS);
	return error_set_hint(err,
			      "images that `ocifp ensure` or a by-hash push published have one");
}

static const struct descriptor *
find_entry(const struct image_index *index)
{
	for (size_t i = 0; i < index->manifests.count; i++) {
		const char *type = index->manifests.items[i].artifact_type;

		if (type && strcmp(type, MEDIA_INPUTS) == 0)
			return &index->manifests.items[i];
	}
	return NULL;
}

static int
get_record(const struct content *content, const struct descriptor *entry, struct buf *record,
	   struct error **err)
{
	AUTO_RESOLUTION struct resolution list = { 0 };
	AUTO_MANIFEST struct manifest manifest = { 0 };
	bool found;

	if (content_get_manifest(content, entry, &list, &found, err) < 0)
		return -1;
	if (!found)
		return refuse_without_inputs(err);
	if (manifest_read(list.value, entry->media_type, &manifest, err) < 0)
		return -1;
	if (manifest.layers.count != 1)
		return error_set(err, ERROR_CONTENT,
				 "expected one layer in a list of inputs, found %zu",
				 manifest.layers.count);
	return content_get_blob(content, &manifest.layers.items[0], record, err);
}

int
inputs_get(const struct content *content, const struct resolution *root, struct buf *record,
	   struct error **err)
{
	AUTO_INDEX struct image_index index = { 0 };
	const struct descriptor *entry;

	if (media_type_kind(root->descriptor.media_type) != DOCUMENT_INDEX)
		return refuse_without_inputs(err);
	if (image_index_read(root->value, root->descriptor.media_type, &index, err) < 0)
		return -1;
	entry = find_entry(&index);
	return entry ? get_record(content, entry, record, err) : refuse_without_inputs(err);
}
