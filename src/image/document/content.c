/* SPDX-License-Identifier: Apache-2.0 */
#include "image/document/content.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "oci/index.h"
#include "oci/manifest.h"
#include "repository/repository.h"
#include "store/store.h"
#include "stream/body.h"

static int
check_size(const struct descriptor *descriptor, size_t size, struct error **err)
{
	if (size == descriptor->size_bytes)
		return 0;
	error_set(err, ERROR_CONTENT, "'%s' has %zu bytes, not %llu as listed",
		  digest_text(&descriptor->digest).text, size,
		  (unsigned long long)descriptor->size_bytes);
	return error_set_class(err, CLASS_SIZE);
}

static int
read_from(struct store *store, const struct descriptor *descriptor, struct buf *bytes,
	  bool *ret_found, struct error **err)
{
	AUTO_ERROR struct error *failure = NULL;

	if (*ret_found || !store ||
	    store_read(store, &descriptor->digest, bytes, ret_found, &failure) == 0)
		return 0;
	/* The cached blob is damaged and was put aside; the repository may have it intact. */
	if (error_is(failure, ERROR_CONTENT))
		return 0;
	return error_pass(err, TAKE_PTR(failure));
}

static int
read_stores(const struct content *content, const struct descriptor *descriptor, struct buf *bytes,
	    bool *ret_found, struct error **err)
{
	*ret_found = false;
	if (read_from(content->cache, descriptor, bytes, ret_found, err) < 0 ||
	    read_from(content->local_store, descriptor, bytes, ret_found, err) < 0)
		return -1;
	return *ret_found ? check_size(descriptor, bytes->size, err) : 0;
}

int
content_get_manifest(const struct content *content, const struct descriptor *descriptor,
		     struct resolution *ret_resolution, bool *ret_found, struct error **err)
{
	AUTO_RESOLUTION struct resolution resolution = { .bytes = BUF_INIT(MANIFEST_LIMIT_BYTES) };

	if (read_stores(content, descriptor, &resolution.bytes, ret_found, err) < 0)
		return -1;
	if (*ret_found) {
		if (resolution_describe(&resolution, &descriptor->digest, descriptor->media_type,
					err) < 0)
			return -1;
	} else {
		buf_release(&resolution.bytes);
		if (repository_resolve(content->repository, NULL, &descriptor->digest, &resolution,
				       err) < 0)
			return -1;
		*ret_found = resolution.evidence.presence == PRESENCE_PRESENT;
		if (*ret_found && check_size(descriptor, resolution.bytes.size, err) < 0)
			return -1;
	}
	*ret_resolution = resolution;
	resolution = (struct resolution){ 0 };
	return 0;
}

/* How a blob job has ended. */
struct waited {
	bool ended;
	struct error *failure;
};

static void
note_end(void *context, enum blob_outcome outcome, struct error *failure)
{
	struct waited *waited = context;

	(void)outcome;
	waited->ended = true;
	waited->failure = failure;
}

static int
fetch_blob(struct repository *repository, const struct descriptor *descriptor, struct buf *bytes,
	   struct error **err)
{
	struct waited waited = { false, NULL };
	struct body_buf body;

	body_buf_init(&body, bytes);
	body.expected = descriptor;
	if (repository_get_blob(repository, descriptor, &body.body, note_end, &waited, err) < 0)
		return -1;
	while (!waited.ended)
		if (repository_step(repository, NULL, 1000, err) < 0)
			return -1;
	if (!waited.failure)
		return 0;
	return error_pass(err, waited.failure);
}

bool
content_came_damaged(const struct error *failure)
{
	return error_is(failure, ERROR_CONTENT) &&
	       (error_has_class(failure, CLASS_DIGEST) || error_has_class(failure, CLASS_SIZE));
}

static int
fetch_whole_blob(const struct content *content, const struct descriptor *descriptor,
		 struct buf *bytes, struct error **err)
{
	AUTO_ERROR struct error *damage = NULL;

	if (fetch_blob(content->repository, descriptor, bytes, &damage) == 0)
		return 0;
	if (!content_came_damaged(damage))
		return error_pass(err, TAKE_PTR(damage));
	return fetch_blob(content->repository, descriptor, bytes, err);
}

int
content_get_blob(const struct content *content, const struct descriptor *descriptor,
		 struct buf *bytes, struct error **err)
{
	bool found;

	if (read_stores(content, descriptor, bytes, &found, err) < 0)
		return -1;
	if (found)
		return 0;
	if (fetch_whole_blob(content, descriptor, bytes, err) < 0)
		return -1;
	if (!content->keep)
		return 0;
	return store_add(content->cache, &descriptor->digest, bytes->data, bytes->size, err);
}

int
content_get_config(const struct content *content, const struct manifest *manifest,
		   struct image_config *ret_config, struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(CONFIG_LIMIT_BYTES);

	if (!media_type_is_config(manifest->config.media_type))
		return error_set(err, ERROR_CONTENT, "this is an artifact, not an image");
	if (content_get_blob(content, &manifest->config, &bytes, err) < 0)
		return error_wrap(err, "config");
	return image_config_parse(bytes.data, bytes.size, ret_config, err);
}

int
content_get_platform(const struct content *content, const struct manifest *manifest,
		     struct platform *ret_platform, struct error **err)
{
	AUTO_CONFIG struct image_config config = { 0 };

	if (content_get_config(content, manifest, &config, err) < 0)
		return -1;
	platform_copy(&config.platform, ret_platform);
	return 0;
}

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
content_get_entries(const struct content *content, const struct resolution *root,
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

static int
refuse_without_inputs(struct error **err)
{
	error_set(err, ERROR_CONTENT, "the image was published without its list of inputs");
	error_set_class(err, CLASS_NO_INPUTS);
	return error_set_hint(err,
			      "images that 'ocifp ensure' or a by-hash push published have one");
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

int
content_get_inputs(const struct content *content, const struct resolution *root, struct buf *record,
		   struct error **err)
{
	AUTO_INDEX struct image_index index = { 0 };
	const struct descriptor *entry;
	AUTO_RESOLUTION struct resolution list = { 0 };
	AUTO_MANIFEST struct manifest manifest = { 0 };
	bool found;

	if (media_type_kind(root->descriptor.media_type) != DOCUMENT_INDEX)
		return refuse_without_inputs(err);
	if (image_index_read(root->value, root->descriptor.media_type, &index, err) < 0)
		return -1;
	entry = find_entry(&index);
	if (!entry)
		return refuse_without_inputs(err);
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
