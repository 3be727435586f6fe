/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/pull.h"

#include <string.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/document/image_node.h"
#include "image/document/image_tree.h"
#include "image/resolve/built.h"
#include "image/resolve/find.h"
#include "image/resolve/lookup.h"
#include "image/resolve/target.h"
#include "image/transfer/destination.h"
#include "image/transfer/fetch.h"
#include "image/trust/verify.h"
#include "repository/session.h"

static void
add_host(struct platforms *platforms)
{
	AUTO_PLATFORM struct platform host = { 0 };

	platform_host(&host);
	platforms_add(platforms, &host);
}

static int
find_for_pull(struct session *session, const struct target *target, bool offline,
	      struct found_image *ret_found, struct error **err)
{
	int found = offline ? find_image_in_store(session, target, ret_found, err)
			    : find_known_image(session, target, ret_found, err);

	if (found < 0 || ret_found->root.evidence.presence == PRESENCE_PRESENT)
		return found;
	return offline ? refuse_offline(target, err)
		       : find_required_image(session, target, ret_found, err);
}

/* A local build is used if the registry has proved that the image or a platform is absent. */
static int
find_or_use_built(struct session *session, const struct target *target,
		  const struct pull_options *options, struct found_image *ret_found,
		  struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image built = { 0 };
	AUTO_LOOKUP struct lookup lookup = { 0 };
	AUTO_PLATFORMS struct platforms host = { 0 };
	struct lookup_options asked = {
		.platforms = options->platforms,
		.offline = options->offline,
		.known_will_do = true,
	};
	struct found_image *found;

	if (built_find(session, target, options->offline, &built, err) < 0)
		return -1;
	if (!built.is_built)
		return find_for_pull(session, target, options->offline, ret_found, err);
	if (!asked.platforms && !options->all) {
		add_host(&host);
		asked.platforms = &host;
	}
	if (lookup_image(session, target, &asked, &lookup, err) < 0)
		return -1;
	if (lookup.presence != PRESENCE_PRESENT) {
		AUTO_FREE char *name = target_name(target, 0);
		AUTO_FREE char *missing = platforms_format(&lookup.missing, ", ");
		AUTO_FREE char *why = NULL;

		if (lookup.missing.count > 0)
			why = xasprintf("has no image for %s", missing);
		else
			why = xstrdup(options->offline ? "is not in the store" : "is absent");
		observer_tell(session_observer(session), EVENT_NOTICE,
			      "'%s' %s; using the local build, which was not pushed", name, why);
	}
	found_image_release(ret_found);
	found = lookup.presence == PRESENCE_PRESENT ? &lookup.found : &built;
	*ret_found = *found;
	memset(found, 0, sizeof(*found));
	return 0;
}

/* The root of the output: everything, or the requested part. */
static int
take_part(const struct pull_options *options, struct image_node *root, struct image_node *ret_part,
	  struct error **err)
{
	if (options->output && !options->all)
		return image_part_take(root, ret_part, err);
	*ret_part = *root;
	memset(root, 0, sizeof(*root));
	return 0;
}

/* A manifest without an index, whose config has the platform. */
struct single {
	const struct content *content;
	const struct image_node *root;
	const struct selection *selection;
};

static int
judge_single(void *context, struct error **err)
{
	const struct single *single = context;

	return image_tree_check_single(single->content, single->root, single->selection, err);
}

static int
pull_tree(struct session *session, const struct target *target, const struct pull_options *options,
	  struct found_image *found, struct pull_result *result, struct error **err)
{
	AUTO_FREE char *name =
		found->is_built ? built_name(target) : target_name(target, found->place);
	AUTO_DESTINATION struct destination destination = { 0 };
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_IMAGE_NODE struct image_node part = { 0 };
	AUTO_PLATFORMS struct platforms host = { 0 };
	struct selection selection = { .platforms = options->platforms };
	struct content content = { .repository = found->repository, .keep = true };
	struct single single = { &content, &part, &selection };
	struct fetch_gate gate = { .judge = judge_single, .context = &single };
	bool is_single;
	struct delivery delivery = {
		.root = &part,
		.repository = found->repository,
		.name = name,
		.place = &target->candidates[found->place],
		.hook = options->hook,
	};

	if (destination_open(session, options->output, &destination, err) < 0)
		return -1;
	/* A second name, as of OCIFP_NEEDS_IMAGE, would keep the content when the first is gone. */
	if (delivery.place->transport == TRANSPORT_LAYOUT &&
	    strcmp(delivery.place->path, store_path(destination.store)) == 0)
		delivery.name = NULL;
	content.cache = destination.store;
	content.local_store = destination.local_store;
	if (!selection.platforms && !options->all) {
		add_host(&host);
		selection.platforms = &host;
	}
	if (options->all)
		selection.platforms = NULL;
	/* A user of the blobs needs to know the manifest first. */
	selection.leaves_single = !options->hook;
	if (image_tree_get(&content, &selection, &found->root, &root, err) < 0)
		return -1;
	is_single = root.kind == DOCUMENT_MANIFEST;
	if (take_part(options, &root, &part, err) < 0)
		return -1;
	if (options->hook && options->hook->begin(options->hook->context, &part, err) < 0)
		return -1;
	gate.digest = part.manifest.config.digest;
	if (selection.platforms && selection.leaves_single && is_single)
		delivery.gate = &gate;
	result->written = part.descriptor.digest;
	return destination_put(&destination, &delivery, err);
}

int
pull_found(struct session *session, const struct target *target, const struct pull_options *options,
	   struct found_image *found, struct pull_result *ret_result, struct error **err)
{
	AUTO_FREE char *name = target_name(target, found->place);
	const struct fetch_hook *hook = options->hook;
	bool drops_built = false;

	ret_result->digest = found->root.descriptor.digest;
	if (!found->is_built &&
	    built_is_superseded(session, target, &found->root, &drops_built, err) < 0)
		return -1;
	if (pull_tree(session, target, options, found, ret_result, err) < 0)
		return error_wrap(err, "cannot %s '%s'",
				  hook && hook->has_failed ? hook->verb : "pull", name);
	if (drops_built && built_drop(session, target, err) < 0)
		return -1;
	ret_result->repository = location_repository(&target->candidates[found->place]);
	return 0;
}

int
pull_image(struct session *session, const struct target *target, const struct pull_options *options,
	   struct pull_result *ret_result, struct error **err)
{
	/* A pull into the store alone uses no local build: that is in the store already. */
	bool is_used = options->output || options->hook;
	AUTO_FOUND_IMAGE struct found_image found = { 0 };

	if ((is_used ? find_or_use_built(session, target, options, &found, err)
		     : find_for_pull(session, target, options->offline, &found, err)) < 0 ||
	    verify_required(session, target, &found, options->offline, err) < 0)
		return -1;
	return pull_found(session, target, options, &found, ret_result, err);
}

void
pull_result_release(struct pull_result *result)
{
	free(result->repository);
	result->repository = NULL;
}
