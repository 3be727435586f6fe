/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/push.h"

#include <string.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "image/document/image_node.h"
#include "image/document/image_tree.h"
#include "image/resolve/built.h"
#include "image/resolve/image_source.h"
#include "image/resolve/target.h"
#include "image/transfer/confirm_tag.h"
#include "image/transfer/import.h"
#include "image/transfer/push_tree.h"
#include "oci/reference.h"
#include "repository/repository.h"
#include "repository/session.h"

/* Whoever builds from the same inputs pushes to the same fingerprint's tag: it is always confirmed.
 * Other tags are confirmed if --no-clobber claims them. */
static int
settle(struct session *session, const struct target *target, const struct strings *tags,
       bool no_clobber, struct put_result *put_result, struct error **err)
{
	static const struct platforms any;
	struct lookup_options options = { .platforms = &any };
	AUTO_LOOKUP struct lookup lookup = { 0 };

	if (!target->by_hash)
		return confirm_tags(session, &target->candidates[0], tags, no_clobber, put_result,
				    err);
	if (confirm_tag(session, target, &options, &put_result->digest, &lookup, err) < 0)
		return -1;
	put_result->digest = lookup.found.root.descriptor.digest;
	return 0;
}

/* A push that repeats an earlier one ends after one request for each tag. */
static int
find_pushed(struct repository *destination, const struct strings *tags, const struct digest *root,
	    bool *ret_found, struct error **err)
{
	struct digest named;
	bool found = tags->count > 0;

	for (size_t i = 0; i < tags->count && found; i++) {
		found = repository_has_put(destination, tags->items[i], root);
		if (found &&
		    repository_find_tag(destination, tags->items[i], &found, &named, err) < 0)
			return -1;
		found = found && digest_equal(&named, root);
	}
	*ret_found = found;
	return 0;
}

/* Pushes to the target, under its tags. */
static int
push_to(struct pushing *pushing, const struct target *target, const struct push_options *options,
	struct push_result *result, struct error **err)
{
	const struct digest *root = &pushing->root->descriptor.digest;
	AUTO_STRINGS struct strings tags = { 0 };
	struct pushed pushed = { { *root, true }, true };
	bool is_done = false;
	AUTO_REPOSITORY struct repository *destination =
		repository_open(pushing->session, &target->candidates[0], REPOSITORY_WRITE, err);
	const char *own;
	bool replaced;

	if (!destination)
		return -1;
	pushing->destination = destination;
	own = target->candidates[0].reference.tag;
	replaced = options->tags && options->tags->count > 0;
	/* By hash the fingerprint's tag is always set; --tag adds others. */
	if (own && (target->by_hash || !replaced))
		strings_add(&tags, own);
	for (size_t i = 0; replaced && i < options->tags->count; i++)
		if (!strings_has(&tags, options->tags->items[i]))
			strings_add(&tags, options->tags->items[i]);
	if (reference_check_digest(&target->candidates[0].reference, root, err) < 0 ||
	    target_check_lock(target, 0, root, err) < 0 ||
	    (options->no_clobber && push_check_tags(destination, &tags, root, err) < 0) ||
	    find_pushed(destination, &tags, root, &is_done, err) < 0 ||
	    (!is_done && push_tree(pushing, &tags, &pushed, err) < 0) ||
	    settle(pushing->session, target, &tags, options->no_clobber, &pushed.put_result, err) <
		    0)
		return -1;
	result->digest = pushed.put_result.digest;
	result->was_there = pushed.was_there;
	return 0;
}

/* Takes the image into the store under our own index, and sends it from there. */
static int
push_by_hash(struct session *session, const struct location *location, const struct target *target,
	     const struct push_options *options, struct push_result *result, struct error **err)
{
	const struct platforms *declared = target->platforms.count > 0 ? &target->platforms : NULL;
	struct import_options import = {
		.source = location,
		.platforms = options->platforms ? options->platforms : declared,
	};
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_REPOSITORY struct repository *source = NULL;
	struct pushing pushing = { .session = session, .root = &root };

	if (import_image(session, &import, target, &root, err) < 0)
		return -1;
	source = repository_of_store(session, session_store(session, err));
	pushing.source = source;
	if (push_to(&pushing, target, options, result, err) < 0)
		return -1;
	return digest_equal(&result->digest, &root.descriptor.digest)
		       ? built_publish(session, target, 0, &root.descriptor, err)
		       : built_drop(session, target, err);
}

/* Blobs of another image in the store, of the same registry, probably exist there: the registry may
 * mount them instead of receiving them again. */
const char *
push_find_mount(const struct location *source, const struct location *place)
{
	if (source->transport != TRANSPORT_REGISTRY || place->transport != TRANSPORT_REGISTRY ||
	    strcmp(source->reference.host, place->reference.host) != 0 ||
	    strcmp(source->reference.name, place->reference.name) == 0)
		return NULL;
	return source->reference.name;
}

static int
push_as_it_is(struct session *session, const struct location *location, const struct target *target,
	      const struct push_options *options, struct push_result *result, struct error **err)
{
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_IMAGE_NODE struct image_node part = { 0 };
	AUTO_REPOSITORY struct repository *source =
		source_open_image(session, location, options->platforms, &root, err);
	struct pushing pushing = {
		.session = session,
		.source = source,
		.root = options->platforms ? &part : &root,
		.mount_from = push_find_mount(location, &target->candidates[0]),
	};

	if (!source || (options->platforms && image_part_take(&root, &part, err) < 0))
		return -1;
	return push_to(&pushing, target, options, result, err);
}

int
push_image(struct session *session, const struct location *source, const struct target *target,
	   const struct push_options *options, struct push_result *ret_result, struct error **err)
{
	AUTO_FREE char *name = target_name(target, 0);
	int pushed = target->by_hash
			     ? push_by_hash(session, source, target, options, ret_result, err)
			     : push_as_it_is(session, source, target, options, ret_result, err);

	if (pushed < 0)
		return error_wrap(err, "cannot push '%s'", name);
	ret_result->repository = location_repository(&target->candidates[0]);
	return 0;
}

void
push_result_release(struct push_result *result)
{
	free(result->repository);
	result->repository = NULL;
}
