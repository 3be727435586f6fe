#include "image/make/derive_base.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "image/make/derive.h"
#include "image/transfer/destination.h"
#include "oci/config.h"
#include "oci/config_edit.h"
#include "oci/document.h"
#include "oci/index.h"
#include "repository/session.h"

static bool
is_image(const struct image_node *node)
{
	return image_index_entry_is_image(&node->descriptor) &&
	       media_type_is_config(node->manifest.config.media_type);
}

static int
keep_images(struct image_nodes *nodes, struct error **err)
{
	size_t count = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		struct image_node node = nodes->items[i];

		memset(&nodes->items[i], 0, sizeof(node));
		if (is_image(&node))
			nodes->items[count++] = node;
		else
			image_node_release(&node);
	}
	nodes->count = count;
	return count > 0 ? 0 : error_set(err, ERROR_CONTENT, "it is no image");
}

static int
read_base(struct derive_base *base, struct session *session, const struct derive_options *options,
	  struct error **err)
{
	struct selection selection = { .platforms = options->platforms };

	if (target_of_location(options->base, &base->target, err) < 0 ||
	    find_required_image(session, &base->target, &base->found, err) < 0)
		return -1;
	base->content.repository = base->found.repository;
	if (image_tree_get(&base->content, &selection, &base->found.root, &base->root, err) < 0)
		return -1;
	image_nodes_take(&base->root, &base->manifests);
	return keep_images(&base->manifests, err);
}

static void
add_empty(struct image_nodes *nodes, const struct platform *platform)
{
	struct image_node node = { .kind = DOCUMENT_MANIFEST, .descriptor.has_platform = true };

	platform_copy_plain(platform, &node.descriptor.platform);
	node.descriptor.media_type = xstrdup(MEDIA_OCI_MANIFEST);
	nodes->items = xgrow(nodes->items, nodes->count, sizeof(*nodes->items));
	nodes->items[nodes->count++] = node;
}

static void
make_empty(struct derive_base *base, const struct platforms *platforms)
{
	AUTO_PLATFORM struct platform host = { 0 };

	platform_host(&host);
	if (!platforms)
		add_empty(&base->manifests, &host);
	for (size_t i = 0; platforms && i < platforms->count; i++)
		add_empty(&base->manifests, &platforms->items[i]);
}

int
derive_base_open(struct derive_base *base, struct session *session,
		 const struct derive_options *options, const struct destination *destination,
		 struct error **err)
{
	base->content.cache = destination->store;
	base->content.local_store = destination->local_store;
	if (options->base)
		return read_base(base, session, options, err) < 0
			       ? error_wrap(err, "base '%s'", options->base)
			       : 0;
	make_empty(base, options->platforms);
	base->found.repository = repository_of_store(session, destination->store);
	base->content.repository = base->found.repository;
	return 0;
}

void
derive_base_release(struct derive_base *base)
{
	target_release(&base->target);
	found_image_release(&base->found);
	image_node_release(&base->root);
	image_nodes_release(&base->manifests);
}

json_t *
derive_base_get_config(const struct derive_base *base, const struct image_node *node,
		       struct error **err)
{
	AUTO_BUF struct buf bytes = BUF_INIT(CONFIG_LIMIT_BYTES);
	AUTO_CONFIG struct image_config config = { 0 };

	if (!node->bytes.data)
		return config_new(&node->descriptor.platform);
	if (content_get_blob(&base->content, &node->manifest.config, &bytes, err) < 0 ||
	    image_config_parse(bytes.data, bytes.size, &config, err) < 0 ||
	    image_config_check_layers(&config, node->manifest.layers.count, err) < 0) {
		error_wrap(err, "config");
		return NULL;
	}
	return document_parse(bytes.data, bytes.size, err);
}
