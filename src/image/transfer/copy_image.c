/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/copy_image.h"

#include <string.h>

#include "archive/archive.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/document/image_node.h"
#include "image/document/image_tree.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "image/transfer/confirm_tag.h"
#include "image/transfer/destination.h"
#include "image/transfer/push.h"
#include "image/transfer/push_tree.h"
#include "image/trust/verify.h"
#include "oci/location.h"
#include "oci/reference.h"
#include "repository/repository.h"
#include "repository/session.h"
#include "store/store.h"

static const char *const cosign_suffixes[] = { "sig", "att", "sbom" };

struct subjects {
	const struct pushing *pushing;
	unsigned depth;
};

static int copy_those_of_tree(const struct pushing *pushing, unsigned depth, struct error **err);

static int
get_referrer_tree(const struct pushing *pushing, struct resolution *resolution,
		  struct image_node *ret_root, struct error **err)
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
	error_set(err, ERROR_CONTENT, "it is listed but does not exist");
	return error_set_class(err, CLASS_MANIFEST_UNKNOWN);
}

/* Copies the signatures, attestations or SBOMs that cosign keeps under a tag made of the digest. */
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

	/* A tag made of a SHA-512 digest is too long. */
	if (!reference_tag_is_valid(tag))
		return 0;
	if (repository_resolve(pushing->source, tag, NULL, &resolution, err) < 0)
		return -1;
	if (resolution.evidence.presence != PRESENCE_PRESENT)
		return 0;
	own.root = &root;
	strings_add(&tags, tag);
	if (get_referrer_tree(pushing, &resolution, &root, err) < 0 ||
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
	for (size_t i = 0; i < found.count; i++) {
		AUTO_RESOLUTION struct resolution resolution = { 0 };
		AUTO_IMAGE_NODE struct image_node root = { 0 };
		struct strings no_tags = { 0 };
		struct pushing own = *pushing;
		struct pushed ignored;

		own.root = &root;
		if (resolve(pushing, &found.items[i], &resolution, err) < 0 ||
		    get_referrer_tree(pushing, &resolution, &root, err) < 0 ||
		    push_tree(&own, &no_tags, &ignored, err) < 0)
			return error_wrap(err, "referrer '%s'",
					  digest_text(&found.items[i].digest).text);
		if (copy_those_of_tree(&own, subjects->depth + 1, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < COUNT_OF(cosign_suffixes); i++)
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
	return error_set_class(err, CLASS_LIMIT);
}

struct copying {
	struct session *session;
	const struct copy_options *options;
	const struct location *place; /* where the source was found */
	struct found_image found;
	struct image_node whole; /* the whole tree once it was read; before that the root only */
	struct image_node part;
	bool has_tree;
};

static void
copying_release(struct copying *copying)
{
	image_node_release(&copying->part);
	image_node_release(&copying->whole);
	found_image_release(&copying->found);
}

static const struct image_node *
root_of(const struct copying *copying)
{
	return copying->options->platforms ? &copying->part : &copying->whole;
}

/* `cache` NULL: none. */
static int
get_tree(struct copying *copying, struct store *cache, struct error **err)
{
	struct content content = { .repository = copying->found.repository, .cache = cache };
	struct selection selection = { .platforms = copying->options->platforms };

	if (copying->has_tree)
		return 0;
	if (image_tree_get(&content, &selection, &copying->found.root, &copying->whole, err) < 0 ||
	    (selection.platforms && image_part_take(&copying->whole, &copying->part, err) < 0))
		return -1;
	copying->has_tree = true;
	return 0;
}

static struct digest
digest_of_root(const struct copying *copying)
{
	return copying->has_tree ? root_of(copying)->descriptor.digest
				 : copying->found.root.descriptor.digest;
}

/* The tag that a destination gets: its own, the source's, or none when it is named by digest. */
static char *
choose_tag(const struct copying *copying, const struct location *destination)
{
	const struct reference *source = &copying->place->reference;

	if (destination->reference.tag || destination->reference.digest.algorithm != DIGEST_NONE)
		return xstrdup_null(destination->reference.tag);
	if (source->tag || source->digest.algorithm != DIGEST_NONE ||
	    destination->transport != TRANSPORT_REGISTRY)
		return xstrdup_null(source->tag);
	return xstrdup("latest");
}

/* A repository at the destination's host to mount blobs from: the source, or an earlier
 * destination. */
static const char *
find_mount(const struct copying *copying, const struct location *destination)
{
	const char *name = push_find_mount(copying->place, destination);

	for (const struct location *earlier = copying->options->destinations;
	     !name && earlier < destination; earlier++)
		name = push_find_mount(earlier, destination);
	return name;
}

/* Sends the image, then its referrers, then its tags. */
static int
send(struct copying *copying, struct pushing *pushing, const struct strings *tags,
     struct pushed *pushed, struct error **err)
{
	struct put_result *put_result = &pushed->put_result;
	struct strings no_tags = { 0 };

	if (get_tree(copying, pushing->store, err) < 0)
		return -1;
	pushing->root = root_of(copying);
	if (!copying->options->referrers)
		return push_whole(pushing, tags, put_result, err);
	if (((!pushed->was_there || pushing->store) &&
	     push_whole(pushing, &no_tags, put_result, err) < 0) ||
	    copy_those_of_tree(pushing, 0, err) < 0)
		return -1;
	return push_tags(pushing, tags, put_result, err);
}

static int
copy_below(struct copying *copying, struct pushing *pushing, const struct strings *tags,
	   struct pushed *pushed, struct error **err)
{
	struct digest digest = digest_of_root(copying);

	if ((copying->options->no_clobber &&
	     push_check_tags(pushing->destination, tags, &digest, err) < 0) ||
	    repository_has_manifest(pushing->destination, &digest, &pushed->was_there, err) < 0)
		return -1;
	if (pushed->was_there && !pushing->store && !copying->options->referrers) {
		const struct image_node bare = {
			.descriptor = copying->found.root.descriptor,
			.bytes = copying->found.root.bytes,
		};
		struct pushing tagging = *pushing;

		/* The documents of the root are there already: only its tags are set. */
		tagging.root = copying->has_tree ? root_of(copying) : &bare;
		return push_tags(&tagging, tags, &pushed->put_result, err);
	}
	if (send(copying, pushing, tags, pushed, err) < 0)
		return -1;
	if (copying->options->is_part)
		return pushing->store ? store_commit(pushing->store, err) : 0;
	return tags->count > 0 ? 0
			       : repository_list_manifest(pushing->destination,
							  &pushing->root->descriptor, err);
}

static int
copy_to_repository(struct copying *copying, const struct location *place,
		   struct copy_result *result, struct error **err)
{
	AUTO_REPOSITORY struct repository *destination =
		repository_open(copying->session, place, REPOSITORY_WRITE, err);
	const char *mount_from = find_mount(copying, place);
	AUTO_STRINGS struct strings tags = { 0 };
	struct pushed pushed;
	struct pushing pushing = {
		.session = copying->session,
		.source = copying->found.repository,
		.destination = destination,
		.mount_from = mount_from,
		.mounts_surely = mount_from != NULL,
	};

	if (result->tag)
		strings_add(&tags, result->tag);
	if (!destination || repository_find_store(destination, &pushing.store, err) < 0 ||
	    copy_below(copying, &pushing, &tags, &pushed, err) < 0 ||
	    confirm_tags(copying->session, place, &tags, copying->options->no_clobber,
			 &pushed.put_result, err) < 0)
		return -1;
	result->digest = pushed.put_result.digest;
	result->was_there = pushed.was_there;
	return 0;
}

/* Archives are written from the user's store, so the image is pulled into the store first. */
static int
copy_to_archive(struct copying *copying, const struct location *place, struct copy_result *result,
		struct error **err)
{
	struct store *store = session_store(copying->session, err);
	AUTO_REPOSITORY struct repository *own = NULL;
	struct strings no_tags = { 0 };
	struct put_result ignored;
	struct pushing pushing = {
		.session = copying->session,
		.source = copying->found.repository,
		.store = store,
	};

	if (!store || get_tree(copying, store, err) < 0)
		return -1;
	own = repository_of_store(copying->session, store);
	pushing.destination = own;
	pushing.root = root_of(copying);
	if (push_whole(&pushing, &no_tags, &ignored, err) < 0 || store_commit(store, err) < 0)
		return -1;
	free(result->tag);
	result->tag = output_tag(place, copying->place);
	return archive_write(store, place, result->tag, &pushing.root->descriptor, err);
}

static int
copy_to(struct copying *copying, const struct location *place, struct copy_result *result,
	struct error **err)
{
	bool is_archive = place->transport == TRANSPORT_OCI_ARCHIVE ||
			  place->transport == TRANSPORT_DOCKER_ARCHIVE;

	result->digest = digest_of_root(copying);
	result->repository = location_repository(place);
	result->tag = choose_tag(copying, place);
	if (reference_check_digest(&place->reference, &result->digest, err) < 0)
		return -1;
	return is_archive ? copy_to_archive(copying, place, result, err)
			  : copy_to_repository(copying, place, result, err);
}

int
copy_image(struct session *session, const struct target *source, const struct copy_options *options,
	   struct copy_result *ret_results, struct error **err)
{
	CLEANUP(copying_release)
	struct copying copying = { .session = session, .options = options };

	for (size_t i = 0; i < options->destination_count; i++)
		if (repository_expect_write(session, &options->destinations[i], err) < 0)
			return -1;
	if (find_required_image(session, source, &copying.found, err) < 0 ||
	    verify_required(session, source, &copying.found, false, err) < 0)
		return -1;
	copying.place = &source->candidates[copying.found.place];
	if (options->platforms && get_tree(&copying, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < options->destination_count; i++) {
		const struct location *place = &options->destinations[i];
		AUTO_FREE char *name = location_format(place);

		if (copy_to(&copying, place, &ret_results[i], err) < 0)
			return error_wrap(err, "cannot copy to '%s'", name);
	}
	return 0;
}

void
copy_result_release(struct copy_result *result)
{
	free(result->repository);
	free(result->tag);
	*result = (struct copy_result){ 0 };
}
