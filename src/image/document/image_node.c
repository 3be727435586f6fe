/* SPDX-License-Identifier: Apache-2.0 */
#include "image/document/image_node.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/document/image_tree.h"
#include "oci/document.h"
#include "oci/index.h"
#include "repository/repository.h"

void
image_node_release(struct image_node *node)
{
	for (size_t i = 0; i < node->child_count; i++)
		image_node_release(&node->children[i]);
	free(node->children);
	descriptor_release(&node->descriptor);
	buf_release(&node->bytes);
	json_decref(node->value);
	manifest_release(&node->manifest);
	descriptors_release(&node->blobs);
	memset(node, 0, sizeof(*node));
}

struct image_node *
image_node_find_child(const struct image_node *parent, const struct digest *digest)
{
	for (size_t i = 0; i < parent->child_count; i++)
		if (digest_equal(&parent->children[i].descriptor.digest, digest))
			return &parent->children[i];
	return NULL;
}

static void
take_child(struct image_node *parent, struct image_node *child)
{
	parent->children = xgrow(parent->children, parent->child_count, sizeof(*parent->children));
	parent->children[parent->child_count++] = *child;
	memset(child, 0, sizeof(*child));
}

int
image_node_take(struct resolution *resolution, struct image_node *node, struct error **err)
{
	node->bytes = resolution->bytes;
	resolution->bytes = BUF_INIT(0);
	node->value = TAKE_PTR(resolution->value);
	node->kind = resolution->kind;
	if (node->kind == DOCUMENT_INDEX)
		return 0;
	return manifest_read(node->value, node->descriptor.media_type, &node->manifest, err);
}

int
image_node_get_child(const struct content *content, struct image_node *parent,
		     const struct descriptor *descriptor, struct image_node **ret_child,
		     struct error **err)
{
	AUTO_IMAGE_NODE struct image_node child = { 0 };
	AUTO_RESOLUTION struct resolution resolution = { 0 };
	bool found;

	*ret_child = image_node_find_child(parent, &descriptor->digest);
	if (*ret_child)
		return 0;
	descriptor_copy(descriptor, &child.descriptor);
	if (content_get_manifest(content, descriptor, &resolution, &found, err) < 0 ||
	    (found && image_node_take(&resolution, &child, err) < 0))
		return error_wrap(err, "manifest '%s'", digest_text(&descriptor->digest).text);
	if (!found)
		return 0;
	take_child(parent, &child);
	*ret_child = &parent->children[parent->child_count - 1];
	return 0;
}

int
image_node_read_index(const struct image_node *node, struct image_index *ret_index,
		      struct error **err)
{
	return image_index_read(node->value, node->descriptor.media_type, ret_index, err);
}

void
image_nodes_take(struct image_node *root, struct image_nodes *ret_manifests)
{
	for (size_t i = 0; i < root->child_count; i++)
		image_nodes_take(&root->children[i], ret_manifests);
	if (root->kind != DOCUMENT_MANIFEST)
		return;
	ret_manifests->items =
		xgrow(ret_manifests->items, ret_manifests->count, sizeof(*ret_manifests->items));
	ret_manifests->items[ret_manifests->count++] = *root;
	memset(root, 0, sizeof(*root));
}

void
image_nodes_release(struct image_nodes *nodes)
{
	for (size_t i = 0; i < nodes->count; i++)
		image_node_release(&nodes->items[i]);
	free(nodes->items);
	*nodes = (struct image_nodes){ 0 };
}

void
image_nodes_adopt(struct image_nodes *nodes, struct image_node *parent)
{
	for (size_t i = 0; i < nodes->count; i++)
		take_child(parent, &nodes->items[i]);
	image_nodes_release(nodes);
}

int
image_node_make(char *text, const char *media_type, struct image_node *ret_node, struct error **err)
{
	size_t size = strlen(text);

	ret_node->kind = media_type_kind(media_type);
	ret_node->bytes =
		(struct buf){ .data = text, .size = size, .capacity = size + 1, .limit = size };
	descriptor_release(&ret_node->descriptor);
	ret_node->descriptor = (struct descriptor){
		.media_type = xstrdup(media_type),
		.digest = digest_of(DIGEST_SHA256, text, size),
		.size_bytes = size,
	};
	ret_node->value = document_parse(text, size, err);
	if (!ret_node->value)
		return -1;
	if (ret_node->kind == DOCUMENT_INDEX)
		return 0;
	return manifest_read(ret_node->value, media_type, &ret_node->manifest, err);
}

int
image_part_compose(const struct image_node *root, struct image_nodes *manifests,
		   struct image_node *ret_part, struct error **err)
{
	AUTO_INDEX struct image_index original = { 0 };
	AUTO_DESCRIPTORS struct descriptors entries = { 0 };
	struct image_index index = { 0 };

	if (manifests->count == 1) {
		*ret_part = manifests->items[0];
		manifests->count = 0;
		return 0;
	}
	if (root->bytes.size == 0)
		original.media_type = xstrdup(MEDIA_OCI_INDEX);
	else if (image_index_read(root->value, root->descriptor.media_type, &original, err) < 0)
		return -1;
	for (size_t i = 0; i < manifests->count; i++)
		descriptors_add(&entries, &manifests->items[i].descriptor);
	index.media_type = original.media_type;
	index.manifests = entries;
	index.annotations = original.annotations;
	if (image_node_make(image_index_format(&index), original.media_type, ret_part, err) < 0)
		return -1;
	image_nodes_adopt(manifests, ret_part);
	return 0;
}

int
image_part_take(struct image_node *root, struct image_node *ret_part, struct error **err)
{
	AUTO_IMAGE_NODES struct image_nodes manifests = { 0 };

	image_nodes_take(root, &manifests);
	return image_part_compose(root, &manifests, ret_part, err);
}
