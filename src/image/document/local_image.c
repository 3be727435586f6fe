/* SPDX-License-Identifier: Apache-2.0 */
#include "image/document/local_image.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "image/document/content.h"
#include "image/document/image_tree.h"
#include "oci/platform.h"
#include "repository/repository.h"
#include "repository/session.h"
#include "store/store.h"

void
local_image_release(struct local_image *image)
{
	manifest_release(&image->manifest);
	image_config_release(&image->config);
	memset(image, 0, sizeof(*image));
}

static int
take_manifest(void *context, const struct image_node *node, struct error **err)
{
	struct local_image *image = context;

	if (node->kind != DOCUMENT_MANIFEST || image->digest.algorithm != DIGEST_NONE)
		return 0;
	image->digest = node->descriptor.digest;
	return manifest_read(node->value, node->descriptor.media_type, &image->manifest, err);
}

int
local_image_begin(struct local_image *image, const struct image_node *root, struct error **err)
{
	if (image_tree_walk(root, take_manifest, image, err) < 0)
		return -1;
	if (image->digest.algorithm == DIGEST_NONE)
		return error_set(err, ERROR_CONTENT, "this is not an image");
	return 0;
}

bool
local_image_can_complete(const struct local_image *image, struct store *store)
{
	const struct descriptor *config = &image->manifest.config;

	return store_has(store, &config->digest, config->size_bytes);
}

int
local_image_complete(struct local_image *image, struct store *store, struct error **err)
{
	const struct content content = { .cache = store };
	const struct descriptors *layers = &image->manifest.layers;

	if (content_get_config(&content, &image->manifest, &image->config, err) < 0)
		return -1;
	for (size_t i = 0; i < layers->count; i++)
		if (media_type_compression(layers->items[i].media_type) == COMPRESSION_UNKNOWN) {
			error_set(err, ERROR_CONTENT, "a layer of type '%s' cannot be unpacked",
				  QUOTED(layers->items[i].media_type));
			return error_set_class(err, CLASS_UNSUPPORTED);
		}
	return image_config_check_layers(&image->config, layers->count, err);
}

static int
read_tree(struct session *session, struct store *store, const struct digest *digest,
	  const struct selection *selection, struct local_image *image, struct error **err)
{
	AUTO_REPOSITORY struct repository *repository = repository_of_store(session, store);
	const struct content content = { .repository = repository, .cache = store };
	CLEANUP(resolution_release) struct resolution resolution = { 0 };
	AUTO_IMAGE_NODE struct image_node root = { 0 };

	if (repository_resolve(repository, NULL, digest, &resolution, err) < 0)
		return -1;
	if (resolution.evidence.presence != PRESENCE_PRESENT)
		return error_set(err, ERROR_LOCAL, "'%s' is not in the store",
				 digest_text(digest).text);
	if (image_tree_get(&content, selection, &resolution, &root, err) < 0 ||
	    local_image_begin(image, &root, err) < 0)
		return -1;
	return local_image_complete(image, store, err);
}

int
local_image_read(struct session *session, const struct digest *root,
		 const struct platforms *platforms, struct local_image *ret_image,
		 struct error **err)
{
	AUTO_PLATFORM struct platform host = { 0 };
	struct platforms one = { .items = &host, .count = 1 };
	const struct selection selection = { .platforms = &one };
	AUTO_LOCAL_IMAGE struct local_image image = { 0 };
	struct store *store = session_store(session, err);

	if (!store)
		return -1;
	if (platforms && platforms->count > 0)
		platform_copy(&platforms->items[0], &host);
	else
		platform_host(&host);
	if (read_tree(session, store, root, &selection, &image, err) < 0)
		return -1;
	*ret_image = image;
	memset(&image, 0, sizeof(image));
	return 0;
}
