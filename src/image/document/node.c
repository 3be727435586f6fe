/* SPDX-License-Identifier: Apache-2.0 */
#include "image/document/node.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "image/document/content.h"
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

void
image_node_take_child(struct image_node *parent, struct image_node *child)
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
	image_node_take_child(parent, &child);
	*ret_child = &parent->children[parent->child_count - 1];
	return 0;
}

int
image_node_read_index(const struct image_node *node, struct image_index *ret_index,
		      struct error **err)
{
	return image_index_read(node->value, node->descriptor.media_type, ret_index, err);
}
