#include "base/error.h"
#include "base/limits.h"
#include "image/content.h"
#include "image/fetch.h"
#include "image/tree.h"
#include "store/store.h"

/* What lies there already is read, and put aside when it has rotted. */
static int
add_document(void *context, const struct image_node *node, struct error **err)
{
	AUTO_BUF struct buf there = BUF_INIT(MANIFEST_LIMIT_BYTES);
	AUTO_ERROR struct error *rotten = NULL;
	bool found = false;

	if (store_read(context, &node->descriptor.digest, &there, &found, &rotten) == 0 && found)
		return 0;
	return store_add(context, &node->descriptor.digest, node->bytes.data, node->bytes.size,
			 err);
}

/* As many layers as the config says; artifacts have none that it could say. */
static int
check_config(void *context, const struct image_node *node, struct error **err)
{
	const struct fetch_options *options = context;
	struct content content = { .repository = options->repository, .cache = options->store };
	AUTO_CONFIG struct image_config config = { 0 };

	if (node->kind != DOCUMENT_MANIFEST ||
	    !media_type_is_config(node->manifest.config.media_type) ||
	    (node->descriptor.has_platform && platform_is_unknown(&node->descriptor.platform)))
		return 0;
	if (content_get_config(&content, &node->manifest, &config, err) < 0 ||
	    image_config_check_layers(&config, node->manifest.layers.count, err) < 0)
		return error_wrap(err, "manifest '%s'", digest_text(&node->descriptor.digest).text);
	return 0;
}

int
fetch_tree(const struct fetch_options *options, const struct image_node *root, struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors blobs = { 0 };
	AUTO_ERROR struct error *commit_failure = NULL;
	struct fetch_options asked = *options;

	image_tree_blobs(root, &blobs);
	if (fetch_blobs(options, &blobs, err) < 0 ||
	    image_tree_walk(root, check_config, &asked, err) < 0) {
		(void)store_commit(options->store, &commit_failure);
		return -1;
	}
	return image_tree_walk(root, add_document, options->store, err);
}
