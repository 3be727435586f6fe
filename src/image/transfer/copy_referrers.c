#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/document/image_tree.h"
#include "image/transfer/copy_private.h"
#include "image/transfer/push_tree.h"
#include "oci/reference.h"
#include "repository/repository.h"

static const char *const cosign_suffixes[] = { "sig", "att", "sbom" };

struct subjects {
	const struct pushing *pushing;
	unsigned depth;
};

static int copy_those_of_tree(const struct pushing *pushing, unsigned depth, struct error **err);

static int
get_tree(const struct pushing *pushing, struct resolution *resolution, struct image_node *ret_root,
	 struct error **err)
{
	struct content content = { .repository = pushing->source };
	struct selection selection = { 0 };

	return image_tree_get(&content, &selection, resolution, ret_root, err);
}

static int
resolve(const struct pushing *pushing, const struct descriptor *descriptor,
	struct resolution *resolution, struct error **err)
{
	if (repository_resolve(pushing->source, NULL, &descriptor->digest, resolution, err) < 0)
		return -1;
	if (resolution->evidence.presence == PRESENCE_PRESENT)
		return 0;
	error_set(err, ERROR_CONTENT, "it is listed and not there");
	return error_set_class(err, "manifest_unknown");
}

static int
copy_one(const struct pushing *pushing, const struct descriptor *descriptor, unsigned depth,
	 struct error **err)
{
	AUTO_RESOLUTION struct resolution resolution = { 0 };
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	struct strings no_tags = { 0 };
	struct pushing own = *pushing;
	struct pushed ignored;

	own.root = &root;
	if (resolve(pushing, descriptor, &resolution, err) < 0 ||
	    get_tree(pushing, &resolution, &root, err) < 0 ||
	    push_tree(&own, &no_tags, &ignored, err) < 0)
		return error_wrap(err, "referrer '%s'", digest_text(&descriptor->digest).text);
	return copy_those_of_tree(&own, depth + 1, err);
}

/* What cosign keeps under tags made of the digest; its root is put under that tag. */
static int
copy_tagged(const struct pushing *pushing, const struct digest *subject, const char *suffix,
	    struct error **err)
{
	AUTO_FREE char *tag = xasprintf("%s-%s.%s", digest_algorithm_name(subject->algorithm),
					digest_hex(subject).text, suffix);
	AUTO_RESOLUTION struct resolution resolution = { 0 };
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_STRINGS struct strings tags = { 0 };
	struct pushing own = *pushing;
	struct pushed ignored;

	/* That of a SHA-512 is too long for a tag. */
	if (!reference_tag_is_valid(tag))
		return 0;
	if (repository_resolve(pushing->source, tag, NULL, &resolution, err) < 0)
		return -1;
	if (resolution.evidence.presence != PRESENCE_PRESENT)
		return 0;
	own.root = &root;
	strings_add(&tags, tag);
	if (get_tree(pushing, &resolution, &root, err) < 0 ||
	    push_tree(&own, &tags, &ignored, err) < 0)
		return error_wrap(err, "tag '%s'", tag);
	return 0;
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
	for (size_t i = 0; i < sizeof(cosign_suffixes) / sizeof(*cosign_suffixes); i++)
		if (copy_tagged(pushing, &node->descriptor.digest, cosign_suffixes[i], err) < 0)
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
