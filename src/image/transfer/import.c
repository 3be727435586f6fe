/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/import.h"

#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/document/image_node.h"
#include "image/document/image_tree.h"
#include "image/resolve/built.h"
#include "image/resolve/image_source.h"
#include "image/resolve/target.h"
#include "image/transfer/fetch.h"
#include "image/transfer/publish.h"
#include "oci/document.h"
#include "oci/location.h"
#include "repository/repository.h"
#include "repository/session.h"

/* Sets the platform of a manifest without one: our index needs it. */
static int
describe_platform(const struct content *content, struct image_node *node, struct error **err)
{
	if (node->descriptor.has_platform ||
	    !media_type_is_config(node->manifest.config.media_type))
		return 0;
	if (content_get_platform(content, &node->manifest, &node->descriptor.platform, err) < 0)
		return -1;
	node->descriptor.has_platform = node->descriptor.platform.os != NULL;
	if (node->descriptor.has_platform)
		return 0;
	return error_set(err, ERROR_CONTENT,
			 "the config of manifest '%s' lacks 'os' or 'architecture'",
			 digest_text(&node->descriptor.digest).text);
}

static int
publish(const struct content *content, const struct target *target, struct image_nodes *manifests,
	const struct descriptors *kept, struct image_node *ret_index, struct error **err)
{
	AUTO_FREE char *name = built_name(target);
	struct publish_options options = { .kept = kept };

	for (size_t i = 0; i < manifests->count; i++)
		if (describe_platform(content, &manifests->items[i], err) < 0)
			return -1;
	if (publish_make(content->cache, target, manifests, &options, ret_index, err) < 0)
		return -1;
	return store_set_reference(content->cache, name, &ret_index->descriptor, err);
}

/* An image of ours contains its list of inputs; it is replaced by a new one. */
static void
drop_records(struct image_nodes *nodes)
{
	size_t count = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		const char *type = nodes->items[i].descriptor.artifact_type;

		if (type && strcmp(type, MEDIA_INPUTS) == 0)
			image_node_release(&nodes->items[i]);
		else
			nodes->items[count++] = nodes->items[i];
	}
	nodes->count = count;
}

int
import_image(struct session *session, const struct import_options *options,
	     const struct target *target, struct image_node *ret_index, struct error **err)
{
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_IMAGE_NODES struct image_nodes manifests = { 0 };
	AUTO_REPOSITORY struct repository *source =
		source_open_image(session, options->source, options->platforms, &root, err);
	struct fetch_options fetch = {
		.repository = source,
		.store = source ? session_store(session, err) : NULL,
		.observer = session_observer(session),
	};
	struct content content = { .repository = source, .cache = fetch.store };

	if (!fetch.store || fetch_tree(&fetch, &root, err) < 0) {
		AUTO_FREE char *name = location_format(options->source);

		return error_wrap(err, "cannot import '%s'", name);
	}
	image_nodes_take(&root, &manifests);
	drop_records(&manifests);
	return publish(&content, target, &manifests, options->kept, ret_index, err);
}
