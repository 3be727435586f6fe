#include "base/error.h"
#include "base/limits.h"
#include "image/content.h"
#include "image/copy_private.h"
#include "image/push_tree.h"
#include "image/tree.h"
#include "repository/repository.h"

struct subjects {
	const struct pushing *pushing;
	unsigned depth;
};

static int copy_those_of_tree(const struct pushing *pushing, unsigned depth, struct error **err);

static int
get_tree(const struct pushing *pushing, const struct descriptor *descriptor,
	 struct image_node *ret_root, struct error **err)
{
	struct content content = { .repository = pushing->source };
	struct selection selection = { 0 };
	AUTO_RESOLUTION struct resolution resolution = { 0 };

	if (repository_resolve(pushing->source, NULL, &descriptor->digest, &resolution, err) < 0)
		return -1;
	if (resolution.evidence.presence == PRESENCE_PRESENT)
		return image_tree_get(&content, &selection, &resolution, ret_root, err);
	error_set(err, ERROR_CONTENT, "it is listed and not there");
	return error_set_class(err, "manifest_unknown");
}

static int
copy_one(const struct pushing *pushing, const struct descriptor *descriptor, unsigned depth,
	 struct error **err)
{
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	struct strings no_tags = { 0 };
	struct pushing own = *pushing;
	bool was_there;

	own.root = &root;
	if (get_tree(pushing, descriptor, &root, err) < 0 ||
	    push_tree(&own, &no_tags, &was_there, err) < 0)
		return error_wrap(err, "referrer '%s'", digest_text(&descriptor->digest).text);
	return copy_those_of_tree(&own, depth + 1, err);
}

static int
copy_those_of(void *context, const struct image_node *node, struct error **err)
{
	const struct subjects *subjects = context;
	const struct pushing *pushing = subjects->pushing;
	AUTO_DESCRIPTORS struct descriptors found = { 0 };

	if (repository_list_referrers(pushing->source, &node->descriptor.digest, NULL, &found,
				      err) < 0)
		return -1;
	for (size_t i = 0; i < found.count; i++)
		if (copy_one(pushing, &found.items[i], subjects->depth, err) < 0)
			return -1;
	return 0;
}

static int
copy_those_of_tree(const struct pushing *pushing, unsigned depth, struct error **err)
{
	struct subjects subjects = { pushing, depth };

	if (depth <= INDEX_LIMIT_DEPTH)
		return image_tree_walk(pushing->root, copy_those_of, &subjects, err);
	error_set(err, ERROR_CONTENT, "referrers refer to each other more than %d deep",
		  INDEX_LIMIT_DEPTH);
	return error_set_class(err, "limit");
}

int
copy_referrers(const struct pushing *pushing, struct error **err)
{
	return copy_those_of_tree(pushing, 0, err);
}
