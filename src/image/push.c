#include "image/push.h"

#include <poll.h>
#include <string.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "image/import.h"
#include "image/part.h"
#include "image/send.h"
#include "image/source.h"
#include "image/target.h"
#include "image/tree.h"
#include "repository/repository.h"
#include "repository/session.h"

/* How often a manifest is put that the registry refuses for a reason that passes. */
#define PUT_ATTEMPTS 3
#define PUT_PAUSE_MS 100 /* more each time */

static int
send_node(const struct pushing *pushing, const struct image_node *node, struct error **err)
{
	AUTO_DESCRIPTORS struct descriptors blobs = { 0 };
	struct send_options options = {
		.source = pushing->source,
		.destination = pushing->destination,
		.mount_from = pushing->mount_from,
		.observer = session_observer(pushing->session),
	};

	if (node->kind != DOCUMENT_MANIFEST)
		return 0;
	image_tree_blobs(node, &blobs);
	return send_blobs(&options, &blobs, err);
}

/* A blob got lost; or, docker-registry's file system driver, another client was writing the same
 * manifest at that moment and the registry read half of it. */
static bool
is_worth_repeating(const struct error *failure)
{
	const char *code = error_remote(failure)->code;

	return (error_class(failure) && strcmp(error_class(failure), "blob_unknown") == 0) ||
	       (code && strcmp(code, "DIGEST_INVALID") == 0);
}

static int
put_once(const struct pushing *pushing, const struct image_node *node, const char *tag,
	 struct error **err)
{
	if (send_node(pushing, node, err) < 0)
		return -1;
	return repository_put_manifest(pushing->destination, tag, &node->descriptor,
				       node->bytes.data, err);
}

static int
put_node(const struct pushing *pushing, const struct image_node *node, const char *tag,
	 struct error **err)
{
	struct error *failure = NULL;

	for (int attempt = 0; attempt < PUT_ATTEMPTS; attempt++) {
		error_free(TAKE_PTR(failure));
		(void)poll(NULL, 0, attempt * PUT_PAUSE_MS);
		if (put_once(pushing, node, tag, &failure) == 0)
			return 0;
		if (!is_worth_repeating(failure))
			break;
	}
	*err = failure;
	return error_wrap(err, "manifest '%s'", digest_text(&node->descriptor.digest).text);
}

/* All below the root; what the destination has is left alone. */
static int
push_below(void *context, const struct image_node *node, struct error **err)
{
	const struct pushing *pushing = context;
	bool found = false;

	if (node == pushing->root)
		return 0;
	if (repository_has_manifest(pushing->destination, &node->descriptor.digest, &found, err) <
	    0)
		return -1;
	return found ? 0 : put_node(pushing, node, NULL, err);
}

int
push_children(const struct pushing *pushing, struct error **err)
{
	/* The walk hands on what it was given, and changes nothing in it. */
	return image_tree_walk(pushing->root, push_below, (void *)(uintptr_t)pushing, err);
}

static int
put_tags(const struct pushing *pushing, const struct strings *tags, size_t first,
	 struct error **err)
{
	const struct image_node *root = pushing->root;

	for (size_t i = first; i < tags->count; i++)
		if (repository_put_manifest(pushing->destination, tags->items[i], &root->descriptor,
					    root->bytes.data, err) < 0)
			return error_wrap(err, "tag '%s'", tags->items[i]);
	return 0;
}

int
push_tree(const struct pushing *pushing, const struct strings *tags, bool *ret_was_there,
	  struct error **err)
{
	const struct image_node *root = pushing->root;

	if (repository_has_manifest(pushing->destination, &root->descriptor.digest, ret_was_there,
				    err) < 0)
		return -1;
	if (*ret_was_there)
		return put_tags(pushing, tags, 0, err);
	if (push_children(pushing, err) < 0 ||
	    put_node(pushing, root, tags->count > 0 ? tags->items[0] : NULL, err) < 0)
		return -1;
	return put_tags(pushing, tags, 1, err);
}

static int
refuse_clobbering(struct repository *destination, const char *tag, const struct digest *wanted,
		  struct error **err)
{
	AUTO_RESOLUTION struct resolution there = { 0 };

	if (repository_resolve(destination, tag, NULL, &there, err) < 0)
		return -1;
	if (there.evidence.presence != PRESENCE_PRESENT ||
	    digest_equal(&there.descriptor.digest, wanted))
		return 0;
	error_set(err, ERROR_REFUSED, "tag '%s' of '%s' names %s already", tag,
		  repository_name(destination), digest_text(&there.descriptor.digest).text);
	return error_set_class(err, "tag_conflict");
}

static int
check_clobbering(struct repository *destination, const struct strings *tags,
		 const struct image_node *root, bool no_clobber, struct error **err)
{
	for (size_t i = 0; no_clobber && i < tags->count; i++)
		if (refuse_clobbering(destination, tags->items[i], &root->descriptor.digest, err) <
		    0)
			return -1;
	return 0;
}

static void
collect_tags(const struct target *target, const struct push_options *options, struct strings *tags)
{
	const char *own = target->places[0].reference.tag;
	bool replaced = options->tags && options->tags->count > 0;

	/* By hash the fingerprint's tag is what it is all about; further tags come on top. */
	if (own && (target->by_hash || !replaced))
		strings_add(tags, own);
	for (size_t i = 0; replaced && i < options->tags->count; i++)
		if (!strings_has(tags, options->tags->items[i]))
			strings_add(tags, options->tags->items[i]);
}

/* Under a digest there is one image only. */
static int
check_digest(const struct target *target, const struct image_node *root, struct error **err)
{
	const struct digest *named = &target->places[0].reference.digest;

	if (named->algorithm == DIGEST_NONE || digest_equal(named, &root->descriptor.digest))
		return 0;
	error_set(err, ERROR_USAGE, "the image is %s, which is not the digest to push to",
		  digest_text(&root->descriptor.digest).text);
	return error_set_hint(err, "name a tag, or nothing");
}

/* To the target, under its tags. */
static int
push_to(struct pushing *pushing, const struct target *target, const struct push_options *options,
	struct push_result *result, struct error **err)
{
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_REPOSITORY struct repository *destination =
		repository_open(pushing->session, &target->places[0], REPOSITORY_WRITE, err);

	if (!destination)
		return -1;
	pushing->destination = destination;
	collect_tags(target, options, &tags);
	result->digest = pushing->root->descriptor.digest;
	if (check_digest(target, pushing->root, err) < 0 ||
	    target_check_lock(target, 0, &pushing->root->descriptor.digest, err) < 0 ||
	    check_clobbering(destination, &tags, pushing->root, options->no_clobber, err) < 0)
		return -1;
	return push_tree(pushing, &tags, &result->was_there, err);
}

/* The image is taken into the store under our own index and sent from there. */
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
	return push_to(&pushing, target, options, result, err);
}

/* What the store has under another name of the same registry is there too, unless it was deleted:
 * the registry may link it instead of taking it again. */
static const char *
find_mount(const struct location *source, const struct target *target)
{
	const struct location *place = &target->places[0];

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
		.mount_from = find_mount(location, target),
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
	ret_result->repository = location_repository(&target->places[0]);
	return 0;
}

void
push_result_release(struct push_result *result)
{
	free(result->repository);
	result->repository = NULL;
}
