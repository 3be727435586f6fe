/* SPDX-License-Identifier: Apache-2.0 */
#include "image/make/base_image.h"

#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "image/document/image_tree.h"
#include "image/transfer/destination.h"
#include "oci/config_edit.h"
#include "oci/document.h"
#include "oci/index.h"
#include "repository/session.h"

/* `append -t` and the like give names in the store that no registry knows yet. */
static int
find(struct base_image *base, struct session *session, struct error **err)
{
	AUTO_FREE char *name = target_name(&base->target, 0);
	AUTO_ERROR struct error *failure = NULL;

	if (find_required_image(session, &base->target, &base->found, &failure) == 0)
		return 0;
	if (!error_is(failure, ERROR_ABSENT))
		return error_pass(err, TAKE_PTR(failure));
	if (find_image_in_store(session, &base->target, &base->found, err) < 0)
		return -1;
	if (base->found.root.evidence.presence != PRESENCE_PRESENT)
		return error_pass(err, TAKE_PTR(failure));
	observer_tell(session_observer(session), EVENT_NOTICE,
		      "'%s' is absent; using the image of that name in the store", name);
	return 0;
}

int
base_image_open(struct base_image *base, struct session *session, const char *reference,
		const struct destination *destination, struct error **err)
{
	if (target_of_location(reference, &base->target, err) < 0 || find(base, session, err) < 0)
		return -1;
	base->content = (struct content){
		.repository = base->found.repository,
		.cache = destination->store,
		.local_store = destination->local_store,
	};
	return 0;
}

static void
keep_images(struct image_nodes *nodes)
{
	size_t count = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		struct image_node node = nodes->items[i];

		memset(&nodes->items[i], 0, sizeof(node));
		if (image_index_entry_is_image(&node.descriptor) &&
		    media_type_is_config(node.manifest.config.media_type))
			nodes->items[count++] = node;
		else
			image_node_release(&node);
	}
	nodes->count = count;
}

int
base_image_read(const struct base_image *base, const struct platforms *platforms,
		struct image_node *ret_root, struct image_nodes *ret_images, struct error **err)
{
	const struct resolution *found = &base->found.root;
	const struct selection selection = { .platforms = platforms };
	AUTO_RESOLUTION struct resolution root = { .bytes = BUF_INIT(MANIFEST_LIMIT_BYTES) };

	root.kind = found->kind;
	root.value = json_deep_copy(found->value);
	descriptor_copy(&found->descriptor, &root.descriptor);
	if (buf_append(&root.bytes, found->bytes.data, found->bytes.size, err) < 0 ||
	    image_tree_get(&base->content, &selection, &root, ret_root, err) < 0)
		return -1;
	image_nodes_take(ret_root, ret_images);
	keep_images(ret_images);
	return ret_images->count > 0 ? 0 : error_set(err, ERROR_CONTENT, "it is not an image");
}

void
base_image_release(struct base_image *base)
{
	target_release(&base->target);
	found_image_release(&base->found);
}

static int
read_config(struct draft *draft, struct error **err)
{
	const struct manifest *manifest = &draft->node->manifest;
	AUTO_BUF struct buf bytes = BUF_INIT(CONFIG_LIMIT_BYTES);

	if (content_get_blob(&draft->base->content, &manifest->config, &bytes, err) < 0 ||
	    image_config_parse(bytes.data, bytes.size, &draft->before, err) < 0 ||
	    image_config_check_layers(&draft->before, manifest->layers.count, err) < 0)
		return error_wrap(err, "config");
	draft->config = document_parse(bytes.data, bytes.size, err);
	return draft->config ? 0 : -1;
}

int
draft_begin(struct draft *draft, const struct base_image *base, const struct image_node *node,
	    struct error **err)
{
	draft->base = base;
	draft->node = node;
	draft->media_type = node->descriptor.media_type;
	if (base) {
		draft->manifest = document_parse(node->bytes.data, node->bytes.size, err);
		return draft->manifest ? read_config(draft, err) : -1;
	}
	draft->manifest = manifest_new();
	draft->config = config_new(&node->descriptor.platform);
	draft->config_changed = true;
	return 0;
}

void
draft_release(struct draft *draft)
{
	image_config_release(&draft->before);
	json_decref(draft->manifest);
	json_decref(draft->config);
	platform_release(&draft->platform);
}
