#include "image/local_image.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "image/content.h"
#include "image/part.h"
#include "image/tree.h"
#include "oci/platform.h"
#include "repository/repository.h"
#include "repository/session.h"

void
local_image_release(struct local_image *image)
{
	manifest_release(&image->manifest);
	image_config_release(&image->config);
	memset(image, 0, sizeof(*image));
}

static int
check_layer(const struct descriptor *layer, struct error **err)
{
	AUTO_FREE char *shown = NULL;

	if (media_type_compression(layer->media_type) != COMPRESSION_UNKNOWN)
		return 0;
	shown = text_quote_string(layer->media_type);
	error_set(err, ERROR_CONTENT, "a layer of type '%s' cannot be unpacked", shown);
	return error_set_class(err, "unsupported");
}

static int
check(const struct local_image *image, struct error **err)
{
	for (size_t i = 0; i < image->manifest.layers.count; i++)
		if (check_layer(&image->manifest.layers.items[i], err) < 0)
			return -1;
	return image_config_check_layers(&image->config, image->manifest.layers.count, err);
}

static int
take_manifest(const struct content *content, struct image_node *root, struct local_image *image,
	      struct error **err)
{
	struct image_nodes nodes = { 0 };
	int ret;

	image_nodes_take(root, &nodes);
	if (nodes.count == 0)
		return error_set(err, ERROR_CONTENT, "this is no image");
	image->digest = nodes.items[0].descriptor.digest;
	image->manifest = nodes.items[0].manifest;
	nodes.items[0].manifest = (struct manifest){ 0 };
	image_nodes_release(&nodes);
	ret = content_get_config(content, &image->manifest, &image->config, err);
	return ret < 0 ? -1 : check(image, err);
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
	if (image_tree_get(&content, selection, &resolution, &root, err) < 0)
		return -1;
	return take_manifest(&content, &root, image, err);
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
