/* SPDX-License-Identifier: Apache-2.0 */
#include "image/resolve/lookup.h"

#include "base/error.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/document/image_tree.h"
#include "image/resolve/built.h"
#include "image/resolve/target.h"
#include "oci/index.h"
#include "repository/session.h"

/* From the entries of the index, without a request. */
static int
compare_listed(const struct resolution *root, const struct platforms *wanted,
	       struct platforms *missing, bool *ret_is_index, struct error **err)
{
	AUTO_INDEX struct image_index index = { 0 };

	*ret_is_index = root->kind == DOCUMENT_INDEX;
	if (!*ret_is_index)
		return 0;
	if (image_index_read(root->value, root->descriptor.media_type, &index, err) < 0)
		return -1;
	for (size_t i = 0; i < wanted->count; i++)
		if (!image_index_find(&index, &wanted->items[i]))
			platforms_add(missing, &wanted->items[i]);
	return 0;
}

/* Asks for the manifests; puts the root back for later steps. */
static int
compare_manifests(struct session *session, struct lookup *lookup, const struct platforms *wanted,
		  bool deep, struct error **err)
{
	struct content content = {
		.repository = lookup->found.repository,
		.cache = deep ? NULL : session_find_store(session),
	};
	struct selection selection = { .platforms = wanted, .missing = &lookup->missing };
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	int result;

	platforms_release(&lookup->missing);
	result = image_tree_get(&content, &selection, &lookup->found.root, &root, err);
	lookup->found.root.bytes = root.bytes;
	root.bytes = BUF_INIT(0);
	lookup->found.root.value = TAKE_PTR(root.value);
	return result;
}

static int
compare(struct session *session, struct lookup *lookup, const struct platforms *wanted, bool deep,
	struct error **err)
{
	bool is_index;

	if (compare_listed(&lookup->found.root, wanted, &lookup->missing, &is_index, err) < 0)
		return -1;
	/* A platform that is not listed may be in a nested index; a manifest without an index has
	 * its platform in its config. */
	if (wanted->count == 0 || (is_index && !deep && lookup->missing.count == 0))
		return 0;
	return compare_manifests(session, lookup, wanted, deep, err);
}

static int
find(struct session *session, const struct target *target, const struct lookup_options *options,
     struct lookup *lookup, struct error **err)
{
	struct found_image *found = &lookup->found;

	lookup->is_from_store = options->offline;
	if (options->offline)
		return find_image_in_store(session, target, found, err);
	if (options->known_will_do && find_known_image(session, target, found, err) < 0)
		return -1;
	lookup->is_from_store = found->root.evidence.presence == PRESENCE_PRESENT;
	return lookup->is_from_store ? 0 : find_image(session, target, found, err);
}

static int
judge(struct session *session, const struct target *target, const struct lookup_options *options,
      struct lookup *lookup, struct error **err)
{
	const struct platforms *wanted =
		options->platforms ? options->platforms : &target->platforms;

	lookup->presence = lookup->found.root.evidence.presence;
	if (lookup->presence != PRESENCE_PRESENT)
		return 0;
	if (compare(session, lookup, wanted, options->deep, err) < 0) {
		lookup->presence = PRESENCE_UNKNOWN;
		return -1;
	}
	if (lookup->missing.count > 0)
		lookup->presence = PRESENCE_ABSENT;
	return 0;
}

int
lookup_image(struct session *session, const struct target *target,
	     const struct lookup_options *options, struct lookup *ret_lookup, struct error **err)
{
	if (find(session, target, options, ret_lookup, err) < 0)
		return -1;
	return judge(session, target, options, ret_lookup, err);
}

int
lookup_built(struct session *session, const struct target *target,
	     const struct lookup_options *options, struct lookup *ret_lookup, struct error **err)
{
	if (built_find(session, target, options->offline, &ret_lookup->found, err) < 0)
		return -1;
	if (!ret_lookup->found.is_built) {
		ret_lookup->presence = PRESENCE_ABSENT;
		return 0;
	}
	return judge(session, target, options, ret_lookup, err);
}

int
refuse_lookup(const struct target *target, const struct lookup *lookup, struct error **err)
{
	AUTO_FREE char *name = target_name(target, 0);
	AUTO_FREE char *missing = platforms_format(&lookup->missing, ", ");

	if (lookup->missing.count == 0)
		return refuse_absent(target, err);
	return error_set(err, ERROR_ABSENT, "'%s' is present, but has no image for %s", name,
			 missing);
}

void
lookup_release(struct lookup *lookup)
{
	found_image_release(&lookup->found);
	platforms_release(&lookup->missing);
	*lookup = (struct lookup){ 0 };
}
