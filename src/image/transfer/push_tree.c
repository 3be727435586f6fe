/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/push_tree.h"

#include <poll.h>
#include <string.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "image/document/image_tree.h"
#include "image/transfer/fetch.h"
#include "image/transfer/send.h"
#include "repository/repository.h"
#include "repository/session.h"

/* attempts to put a manifest that the registry refuses for a temporary reason */
#define PUT_ATTEMPTS 3
#define PUT_PAUSE_MS 100 /* more each time */

/* The documents that the destination lacks, in the order of the puts. */
struct missing {
	const struct pushing *pushing;
	const struct image_node **nodes;
	size_t count;
};

static void
missing_release(struct missing *missing)
{
	free(missing->nodes);
}
#define AUTO_MISSING CLEANUP(missing_release)

static void
add_missing(struct missing *missing, const struct image_node *node)
{
	missing->nodes = xgrow(missing->nodes, missing->count, sizeof(*missing->nodes));
	missing->nodes[missing->count++] = node;
}

static int
move_blobs(const struct pushing *pushing, const struct descriptors *blobs, struct error **err)
{
	struct observer *observer = session_observer(pushing->session);
	struct send_options send = {
		.source = pushing->source,
		.made = pushing->made,
		.destination = pushing->destination,
		.mount_from = pushing->mount_from,
		.skip_check = pushing->mounts_surely,
		.observer = observer,
	};
	struct fetch_options fetch = {
		.repository = pushing->source,
		.store = pushing->store,
		.observer = observer,
	};
	AUTO_DESCRIPTORS struct descriptors moved = { 0 };

	for (size_t i = 0; i < blobs->count; i++)
		if (!pushing->present ||
		    !descriptors_has(pushing->present, &blobs->items[i].digest))
			descriptors_add(&moved, &blobs->items[i]);
	if (moved.count == 0)
		return 0;
	return pushing->store ? fetch_blobs(&fetch, &moved, err) : send_blobs(&send, &moved, err);
}

static int
put_once(const struct pushing *pushing, const struct image_node *node, const char *tag,
	 struct put_result *put_result, struct error **err)
{
	return repository_put_manifest(pushing->destination, tag, &node->descriptor,
				       node->bytes.data, put_result, err);
}

static int
put_node(const struct pushing *pushing, const struct image_node *node, const char *tag,
	 struct put_result *put_result, struct error **err)
{
	struct error *failure = NULL;
	int result = put_once(pushing, node, tag, put_result, &failure);

	for (int attempt = 1; result < 0 && attempt < PUT_ATTEMPTS; attempt++) {
		AUTO_DESCRIPTORS struct descriptors blobs = { 0 };

		if (!error_has_class(failure, CLASS_BLOB_UNKNOWN))
			break;
		error_free(TAKE_PTR(failure));
		(void)poll(NULL, 0, attempt * PUT_PAUSE_MS);
		image_node_blobs(node, &blobs);
		result = move_blobs(pushing, &blobs, &failure) < 0
				 ? -1
				 : put_once(pushing, node, tag, put_result, &failure);
	}
	if (result == 0)
		return 0;
	error_pass(err, failure);
	return error_wrap(err, "manifest '%s'", digest_text(&node->descriptor.digest).text);
}

/* Everything below the root. */
static int
ask_below(void *context, const struct image_node *node, struct error **err)
{
	struct missing *missing = context;
	const struct pushing *pushing = missing->pushing;
	bool found = false;

	if (node == pushing->root)
		return 0;
	/* A layout may have an index of which only a part was fetched. */
	if (!pushing->store && repository_has_manifest(pushing->destination,
						       &node->descriptor.digest, &found, err) < 0)
		return -1;
	if (!found)
		add_missing(missing, node);
	return 0;
}

/* *ret_result is of the last put: of the root, if it is among them. */
static int
put_missing(const struct missing *missing, const char *root_tag, struct put_result *ret_result,
	    struct error **err)
{
	const struct pushing *pushing = missing->pushing;
	AUTO_DESCRIPTORS struct descriptors blobs = { 0 };

	for (size_t i = 0; i < missing->count; i++)
		image_node_blobs(missing->nodes[i], &blobs);
	if (move_blobs(pushing, &blobs, err) < 0)
		return -1;
	for (size_t i = 0; i < missing->count; i++) {
		const struct image_node *node = missing->nodes[i];

		if (put_node(pushing, node, node == pushing->root ? root_tag : NULL, ret_result,
			     err) < 0)
			return -1;
	}
	return 0;
}

int
push_children(const struct pushing *pushing, struct error **err)
{
	AUTO_MISSING struct missing missing = { .pushing = pushing };
	struct put_result ignored;

	if (image_tree_walk(pushing->root, ask_below, &missing, err) < 0)
		return -1;
	return put_missing(&missing, NULL, &ignored, err);
}

static int
put_tags(const struct pushing *pushing, const struct strings *tags, size_t first,
	 struct put_result *put_result, struct error **err)
{
	for (size_t i = first; i < tags->count; i++)
		if (put_once(pushing, pushing->root, tags->items[i], put_result, err) < 0)
			return error_wrap(err, "tag '%s'", tags->items[i]);
	return 0;
}

int
push_tags(const struct pushing *pushing, const struct strings *tags, struct put_result *ret_result,
	  struct error **err)
{
	*ret_result = (struct put_result){ pushing->root->descriptor.digest, true };
	return put_tags(pushing, tags, 0, ret_result, err);
}

int
push_whole(const struct pushing *pushing, const struct strings *tags, struct put_result *ret_result,
	   struct error **err)
{
	AUTO_MISSING struct missing missing = { .pushing = pushing };

	if (image_tree_walk(pushing->root, ask_below, &missing, err) < 0)
		return -1;
	add_missing(&missing, pushing->root);
	if (put_missing(&missing, tags->count > 0 ? tags->items[0] : NULL, ret_result, err) < 0)
		return -1;
	return put_tags(pushing, tags, 1, ret_result, err);
}

int
push_tree(const struct pushing *pushing, const struct strings *tags, struct pushed *ret_pushed,
	  struct error **err)
{
	if (repository_has_manifest(pushing->destination, &pushing->root->descriptor.digest,
				    &ret_pushed->was_there, err) < 0)
		return -1;
	if ((ret_pushed->was_there ? push_tags : push_whole)(pushing, tags, &ret_pushed->put_result,
							     err) < 0)
		return -1;
	return tags->count > 0 ? 0
			       : repository_list_manifest(pushing->destination,
							  &pushing->root->descriptor, err);
}

static int
check_tag(struct repository *destination, const char *tag, const struct digest *wanted,
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
	return error_set_class(err, CLASS_TAG_CONFLICT);
}

int
push_check_tags(struct repository *destination, const struct strings *tags,
		const struct digest *wanted, struct error **err)
{
	for (size_t i = 0; i < tags->count; i++)
		if (check_tag(destination, tags->items[i], wanted, err) < 0)
			return -1;
	return 0;
}
