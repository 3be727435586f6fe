/* SPDX-License-Identifier: Apache-2.0 */
#include "image/document/image_tree.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/document/image_node.h"
#include "oci/index.h"
#include "repository/repository.h"

static int
refuse_absent_child(const struct descriptor *descriptor, struct error **err)
{
	error_set(err, ERROR_CONTENT,
		  "the index lists manifest '%s', which the registry does not have",
		  digest_text(&descriptor->digest).text);
	return error_set_class(err, CLASS_MANIFEST_UNKNOWN);
}

static int
check_depth(unsigned depth, struct error **err)
{
	if (depth <= INDEX_LIMIT_DEPTH)
		return 0;
	error_set(err, ERROR_CONTENT, "indexes are nested more than %d deep", INDEX_LIMIT_DEPTH);
	return error_set_class(err, CLASS_LIMIT);
}

/* Counted before it is requested: a peer's list must not fill our memory. */
static int
take_from_budget(const struct descriptor *descriptor, uint64_t *left_bytes, struct error **err)
{
	if (descriptor->size_bytes <= *left_bytes) {
		*left_bytes -= descriptor->size_bytes;
		return 0;
	}
	error_set(err, ERROR_CONTENT, "the manifests of the image have more than %zu bytes",
		  TREE_LIMIT_BYTES);
	return error_set_class(err, CLASS_LIMIT);
}

/* The documents and blobs of an image, counted. */
struct gathering {
	const struct content *content;
	bool leave_out_unsupported;
	uint64_t left_bytes;
};

static int get_all(struct gathering *gathering, struct image_node *node, unsigned depth,
		   struct error **err);

static int
get_listed(struct gathering *gathering, struct image_node *node,
	   const struct descriptor *descriptor, unsigned depth, struct error **err)
{
	struct image_node *child;

	if (!image_index_entry_is_document(descriptor)) {
		descriptors_add(&node->blobs, descriptor);
		return 0;
	}
	if (take_from_budget(descriptor, &gathering->left_bytes, err) < 0 ||
	    image_node_get_child(gathering->content, node, descriptor, &child, err) < 0)
		return -1;
	if (!child)
		return refuse_absent_child(descriptor, err);
	return get_all(gathering, child, depth + 1, err);
}

static int
check_supported(const struct image_index *index, struct error **err)
{
	struct descriptor none;

	if (json_array_size(index->unsupported) == 0)
		return 0;
	(void)descriptor_parse(json_array_get(index->unsupported, 0), &none, err);
	error_wrap(err, "cannot fetch everything that the index lists");
	return error_set_hint(err, "choose with --platform");
}

static int
get_all(struct gathering *gathering, struct image_node *node, unsigned depth, struct error **err)
{
	AUTO_INDEX struct image_index index = { 0 };

	if (node->kind != DOCUMENT_INDEX)
		return 0;
	if (check_depth(depth, err) < 0 || image_node_read_index(node, &index, err) < 0 ||
	    (!gathering->leave_out_unsupported && check_supported(&index, err) < 0))
		return -1;
	for (size_t i = 0; i < index.manifests.count; i++)
		if (get_listed(gathering, node, &index.manifests.items[i], depth, err) < 0)
			return -1;
	return 0;
}

/* The search for a platform. */
struct search {
	const struct content *content;
	const struct platform *wanted;
	bool found;
	bool listed_absent; /* an index lists it, and its manifest is proven absent */
};

static int search_node(struct search *search, struct image_node *node, unsigned depth,
		       struct error **err);

static int
fits_by_config(const struct search *search, const struct image_node *child, bool *ret_fits,
	       struct error **err)
{
	AUTO_PLATFORM struct platform platform = { 0 };

	if (content_get_platform(search->content, &child->manifest, &platform, err) < 0)
		return -1;
	*ret_fits = platform.os && platform_fit(&platform, search->wanted) > 0;
	return 0;
}

/* An entry without a platform: a nested index, or a manifest whose config decides.  It is dropped
 * again if it does not have the platform. */
static int
search_undescribed(struct search *search, struct image_node *node,
		   const struct descriptor *descriptor, unsigned depth, struct error **err)
{
	bool was_there = image_node_find_child(node, &descriptor->digest) != NULL;
	struct image_node *child;

	if (image_node_get_child(search->content, node, descriptor, &child, err) < 0)
		return -1;
	if (!child)
		return refuse_absent_child(descriptor, err);
	if (child->kind == DOCUMENT_INDEX) {
		if (search_node(search, child, depth + 1, err) < 0)
			return -1;
	} else if (media_type_is_config(child->manifest.config.media_type) &&
		   fits_by_config(search, child, &search->found, err) < 0) {
		return -1;
	}
	if (!search->found && !was_there && child->child_count == 0) {
		image_node_release(child);
		node->child_count--;
	}
	return 0;
}

static int
search_node(struct search *search, struct image_node *node, unsigned depth, struct error **err)
{
	AUTO_INDEX struct image_index index = { 0 };
	const struct descriptor *listed;
	struct image_node *child = NULL;

	if (check_depth(depth, err) < 0 || image_node_read_index(node, &index, err) < 0)
		return -1;
	listed = image_index_find(&index, search->wanted);
	if (listed) {
		if (image_node_get_child(search->content, node, listed, &child, err) < 0)
			return -1;
		search->listed_absent = child == NULL;
		if (!child)
			return refuse_absent_child(listed, err);
		if (child->kind == DOCUMENT_INDEX)
			return search_node(search, child, depth + 1, err);
		search->found = true;
		return 0;
	}
	for (size_t i = 0; i < index.manifests.count && !search->found; i++)
		if (!index.manifests.items[i].has_platform &&
		    image_index_entry_is_image(&index.manifests.items[i]) &&
		    search_undescribed(search, node, &index.manifests.items[i], depth, err) < 0)
			return -1;
	return 0;
}

static int
get_platform(const struct content *content, struct image_node *root, const struct platform *wanted,
	     struct platforms *missing, struct error **err)
{
	struct search search = { .content = content, .wanted = wanted };
	AUTO_ERROR struct error *failure = NULL;

	if (search_node(&search, root, 0, &failure) == 0 && search.found)
		return 0;
	if (failure && !(search.listed_absent && missing))
		return error_pass(err, TAKE_PTR(failure));
	if (!missing) {
		AUTO_INDEX struct image_index index = { 0 };
		AUTO_FREE char *name = platform_format(wanted);
		AUTO_FREE char *offered = NULL;

		if (image_node_read_index(root, &index, err) < 0)
			return -1;
		offered = image_index_platforms(&index);
		error_set(err, ERROR_PLATFORM, "no image for %s", name);
		return offered[0] ? error_set_hint(err, "it has %s", offered) : -1;
	}
	if (!platforms_has(missing, wanted))
		platforms_add(missing, wanted);
	return 0;
}

/* A manifest without an index matches the platform of its config, or any if the config has none. */
int
image_tree_check_single(const struct content *content, const struct image_node *root,
			const struct selection *selection, struct error **err)
{
	AUTO_PLATFORM struct platform platform = { 0 };
	AUTO_FREE char *name = NULL;

	if (!media_type_is_config(root->manifest.config.media_type))
		return 0;
	if (content_get_platform(content, &root->manifest, &platform, err) < 0)
		return -1;
	if (!platform.os)
		return 0;
	name = platform_format(&platform);
	for (size_t i = 0; i < selection->platforms->count; i++) {
		const struct platform *wanted = &selection->platforms->items[i];
		AUTO_FREE char *wanted_name = platform_format(wanted);

		if (platform_fit(&platform, wanted) > 0)
			continue;
		if (!selection->missing)
			return error_set(err, ERROR_PLATFORM, "the image is for %s, not for %s",
					 name, wanted_name);
		platforms_add(selection->missing, wanted);
	}
	return 0;
}

int
image_tree_get(const struct content *content, const struct selection *selection,
	       struct resolution *root, struct image_node *ret_root, struct error **err)
{
	struct gathering gathering = {
		.content = content,
		.leave_out_unsupported = selection->leave_out_unsupported,
		.left_bytes = TREE_LIMIT_BYTES,
	};

	descriptor_copy(&root->descriptor, &ret_root->descriptor);
	if (image_node_take(root, ret_root, err) < 0)
		return -1;
	if (!selection->platforms)
		return get_all(&gathering, ret_root, 0, err);
	if (ret_root->kind != DOCUMENT_INDEX)
		return selection->leaves_single
			       ? 0
			       : image_tree_check_single(content, ret_root, selection, err);
	for (size_t i = 0; i < selection->platforms->count; i++)
		if (get_platform(content, ret_root, &selection->platforms->items[i],
				 selection->missing, err) < 0)
			return -1;
	return 0;
}

static void
add_blob(struct descriptors *blobs, const struct descriptor *blob)
{
	if (!descriptors_has(blobs, &blob->digest))
		descriptors_add(blobs, blob);
}

static void
add_blobs(struct descriptors *blobs, const struct descriptors *added)
{
	for (size_t i = 0; i < added->count; i++)
		add_blob(blobs, &added->items[i]);
}

void
image_node_blobs(const struct image_node *node, struct descriptors *ret_blobs)
{
	if (node->kind == DOCUMENT_MANIFEST)
		add_blob(ret_blobs, &node->manifest.config);
	add_blobs(ret_blobs, &node->manifest.layers);
	add_blobs(ret_blobs, &node->blobs);
}

void
image_tree_blobs(const struct image_node *root, struct descriptors *ret_blobs)
{
	for (size_t i = 0; i < root->child_count; i++)
		image_tree_blobs(&root->children[i], ret_blobs);
	image_node_blobs(root, ret_blobs);
}

int
image_tree_walk(const struct image_node *root, image_tree_visit *visit, void *context,
		struct error **err)
{
	for (size_t i = 0; i < root->child_count; i++)
		if (image_tree_walk(&root->children[i], visit, context, err) < 0)
			return -1;
	return visit(context, root, err);
}
