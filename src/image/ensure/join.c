/* SPDX-License-Identifier: Apache-2.0 */
#include "image/ensure/join.h"

#include <poll.h>
#include <string.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "image/document/content.h"
#include "image/document/image_node.h"
#include "image/document/image_tree.h"
#include "image/resolve/find.h"
#include "image/resolve/lookup.h"
#include "image/resolve/target.h"
#include "image/transfer/publish.h"
#include "image/transfer/push_tree.h"
#include "image/trust/verify.h"
#include "oci/annotation.h"
#include "oci/index_edit.h"
#include "repository/session.h"

#define ASK_AGAIN_FIRST_MS 500
#define ASK_AGAIN_MS 5000
#define SHOWN_LATE_MS 50 /* a registry may show a new tag late; more each time */

/* An image being joined. */
struct join {
	struct session *session;
	const struct target *target;
	const struct join_options *options;
	const struct platforms *wanted;
	struct image_index current; /* the index under the tag; without a media type: none */
	struct digest current_digest;
	struct image_index joined; /* its new entries */
	struct platforms missing;
	struct descriptors vouched; /* entries with a verified tag, or listed by a verified index */
};

static void
forget(struct join *join)
{
	image_index_release(&join->current);
	image_index_release(&join->joined);
	platforms_release(&join->missing);
}

static void
release(struct join *join)
{
	forget(join);
	descriptors_release(&join->vouched);
}

/* At the image's own place.  *ret_index is unchanged if the tag does not exist.  Because the result
 * may be signed as a whole, each part has to be signed where the project requires it.  `ret_digest`
 * NULL: an index that the parts are taken from. */
static int
read_tag(const struct join *join, const char *tag, const struct digest *locked,
	 struct image_index *ret_index, struct digest *ret_digest, struct error **err)
{
	struct location place = join->target->candidates[0];
	struct target one = *join->target;
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	struct content content = { 0 };

	place.reference.tag = (char *)(uintptr_t)tag;
	one.candidates = &place;
	one.candidate_count = 1;
	one.locked = *locked;
	if (find_image(join->session, &one, &found, err) < 0)
		return -1;
	if (found.root.evidence.presence != PRESENCE_PRESENT)
		return 0;
	if (ret_digest)
		*ret_digest = found.root.descriptor.digest;
	else if (verify_required(join->session, &one, &found, false, err) < 0)
		return -1;
	content.repository = found.repository;
	if (content_get_entries(&content, &found.root, ret_index, err) < 0)
		return error_wrap(err, "tag '%s'", tag);
	return 0;
}

static int
add_platform(struct join *join, const struct platform *platform, struct error **err)
{
	static const struct digest not_locked;
	AUTO_FREE char *tag =
		platform_tag(join->target->candidates[0].reference.tag, platform, err);
	AUTO_INDEX struct image_index index = { 0 };
	const struct descriptor *entry;

	if (!tag || read_tag(join, tag, &not_locked, &index, NULL, err) < 0)
		return -1;
	if (!index.media_type)
		return 0;
	entry = image_index_find(&index, platform);
	if (!entry) {
		AUTO_FREE char *name = platform_format(platform);
		AUTO_FREE char *offered = image_index_platforms(&index);

		return error_set(err, ERROR_PLATFORM, "tag '%s' has no image for %s; it has: %s",
				 tag, name, *offered ? offered : "none");
	}
	image_index_put(&join->joined, entry, &index.manifests);
	descriptors_add(&join->vouched, entry);
	return 0;
}

static bool
lists_others(const struct join *join)
{
	const struct descriptors *joined = &join->joined.manifests;

	for (size_t i = 0; i < joined->count; i++)
		if (image_index_entry_is_image(&joined->items[i]) &&
		    !descriptors_has(&join->vouched, &joined->items[i].digest))
			return true;
	return false;
}

/* A platform that the tag lists, but that has no tag of its own, is only as trusted as the index.
 */
static int
vouch_for_others(struct join *join, struct error **err)
{
	const struct target *target = join->target;
	AUTO_INDEX struct image_index whole = { 0 };

	if (!verify_is_required(target) || !lists_others(join))
		return 0;
	if (read_tag(join, target->candidates[0].reference.tag, &target->locked, &whole, NULL,
		     err) < 0)
		return error_wrap(err, "it lists images that no platform's tag refers to");
	for (size_t i = 0; i < whole.manifests.count; i++)
		descriptors_add(&join->vouched, &whole.manifests.items[i]);
	return lists_others(join)
		       ? error_set(err, ERROR_REFUSED, "the tag changes while it is being joined")
		       : 0;
}

/* Reads the tag and then the platforms' tags, last because a runner that pushes later will read
 * ours. Fills in everything from `current` on. */
static int
collect(struct join *join, struct error **err)
{
	const struct target *target = join->target;
	const struct descriptors *entries;

	forget(join);
	if (read_tag(join, target->candidates[0].reference.tag, &target->locked, &join->current,
		     &join->current_digest, err) < 0)
		return -1;
	entries = &join->current.manifests;
	join->joined.annotations = json_object();
	json_object_update(join->joined.annotations, join->current.annotations);
	json_object_update(join->joined.annotations,
			   (json_t *)(uintptr_t)join->options->annotations);
	for (size_t i = 0; i < entries->count; i++)
		if (image_index_entry_is_image(&entries->items[i]))
			image_index_put(&join->joined, &entries->items[i], entries);
	for (size_t i = 0; i < join->wanted->count; i++)
		if (add_platform(join, &join->wanted->items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < join->wanted->count; i++)
		if (!image_index_find(&join->joined, &join->wanted->items[i]))
			platforms_add(&join->missing, &join->wanted->items[i]);
	return vouch_for_others(join, err);
}

bool
join_is_done(const struct image_index *current, const struct image_index *joined, bool by_hash)
{
	const struct descriptors *now = &current->manifests;
	const struct descriptors *wanted = &joined->manifests;
	bool has_record = false;

	for (size_t i = 0; i < wanted->count; i++)
		if (!descriptors_has(now, &wanted->items[i].digest))
			return false;
	for (size_t i = 0; i < now->count; i++) {
		const char *type = now->items[i].artifact_type;

		if (type && strcmp(type, MEDIA_INPUTS) == 0)
			has_record = true;
		else if (!descriptors_has(wanted, &now->items[i].digest))
			return false;
	}
	if (!json_equal(current->annotations, joined->annotations) &&
	    json_object_size(joined->annotations) > 0)
		return false;
	return !by_hash || (has_record && image_index_annotation(current, ANNOTATION_FINGERPRINT));
}

static bool
is_done(const struct join *join)
{
	return join_is_done(&join->current, &join->joined, join->target->by_hash);
}

static int
make_root(struct join *join, struct image_node *ret_root, struct error **err)
{
	struct store *store;
	AUTO_IMAGE_NODES struct image_nodes none = { 0 };
	struct publish_options options = { .kept = &join->joined.manifests,
					   .annotations = join->joined.annotations };

	if (!join->target->by_hash)
		return image_node_make(image_index_format(&join->joined), MEDIA_OCI_INDEX, ret_root,
				       err);
	store = session_store(join->session, err);
	return store ? publish_make(store, join->target, &none, &options, ret_root, err) : -1;
}

static int
put(struct join *join, struct error **err)
{
	const struct location *place = &join->target->candidates[0];
	AUTO_IMAGE_NODE struct image_node root = { 0 };
	AUTO_STRINGS struct strings tags = { 0 };
	AUTO_REPOSITORY struct repository *source = NULL;
	AUTO_REPOSITORY struct repository *destination =
		repository_open(join->session, place, REPOSITORY_WRITE, err);
	struct pushing pushing = { .session = join->session,
				   .destination = destination,
				   .root = &root };
	struct pushed ignored;

	if (!destination || make_root(join, &root, err) < 0)
		return -1;
	if (join->target->by_hash)
		source = repository_of_store(join->session, session_store(join->session, err));
	pushing.source = source;
	strings_add(&tags, place->reference.tag);
	return push_tree(&pushing, &tags, &ignored, err);
}

/* A complete image in a fallback needs no join.  A fallback that does not answer, or lacks a
 * required signature, counts as one without the image: the image's own place decides.
 */
static bool
is_elsewhere(const struct join *join, struct join_result *result)
{
	for (size_t i = 1; i < join->target->candidate_count; i++) {
		struct target one = *join->target;
		struct lookup_options options = { .platforms = join->wanted };
		AUTO_LOOKUP struct lookup lookup = { 0 };
		AUTO_ERROR struct error *ignored = NULL;

		one.candidates = &join->target->candidates[i];
		one.candidate_count = 1;
		if (lookup_image(join->session, &one, &options, &lookup, &ignored) < 0 ||
		    lookup.presence != PRESENCE_PRESENT ||
		    verify_required(join->session, &one, &lookup.found, false, &ignored) < 0)
			continue;
		result->repository = location_repository(one.candidates);
		result->digest = lookup.found.root.descriptor.digest;
		platforms_copy(join->wanted, &result->platforms);
		return true;
	}
	return false;
}

static int
wait_for_all(struct join *join, struct error **err)
{
	int64_t deadline_ms = deadline_after_ms(join->options->wait_ms);
	int64_t since_ms = deadline_now_ms();

	for (int pause_ms = ASK_AGAIN_FIRST_MS; join->missing.count > 0;) {
		int left_ms = deadline_left_ms(deadline_ms, pause_ms);

		if (left_ms <= 0)
			return 0;
		observer_tell(session_observer(join->session), EVENT_TRACE,
			      "a platform is missing; another runner may be building it, so it is "
			      "asked for again");
		observer_pause(session_observer(join->session), "for other runners", since_ms,
			       left_ms);
		pause_ms = pause_ms * 2 < ASK_AGAIN_MS ? pause_ms * 2 : ASK_AGAIN_MS;
		if (collect(join, err) < 0)
			return -1;
	}
	return 0;
}

/* Reads again after each write, until no change is left to write. */
static int
converge(struct join *join, struct error **err)
{
	for (int rounds = 0; !is_done(join); rounds++) {
		if (join->target->locked.algorithm != DIGEST_NONE)
			return refuse_locked(join->target, err);
		if (rounds == JOIN_ROUNDS_LIMIT_COUNT)
			return error_set(err, ERROR_REFUSED,
					 "the platforms' tags or the joined one change all the "
					 "time");
		if (put(join, err) < 0)
			return -1;
		(void)poll(NULL, 0, rounds * SHOWN_LATE_MS);
		if (collect(join, err) < 0)
			return -1;
	}
	return 0;
}

static int
run(struct join *join, struct join_result *result, struct error **err)
{
	if (collect(join, err) < 0)
		return -1;
	if (join->missing.count > 0 && is_elsewhere(join, result)) {
		result->was_there = true;
		return 0;
	}
	if (wait_for_all(join, err) < 0)
		return -1;
	if (join->missing.count > 0 &&
	    (!join->options->partial || join->joined.manifests.count == 0)) {
		AUTO_FREE char *name = target_name(join->target, 0);
		AUTO_FREE char *missing = platforms_format(&join->missing, ", ");

		error_set(err, ERROR_PLATFORM, "cannot join '%s': no image was pushed for %s", name,
			  missing);
		return error_set_hint(err,
				      "'ocifp ensure --platform-tag' on a runner of that platform "
				      "does; --wait TIME waits for it");
	}
	result->was_there = is_done(join);
	if (converge(join, err) < 0)
		return -1;
	result->repository = location_repository(&join->target->candidates[0]);
	result->digest = join->current_digest;
	platforms_copy(&join->missing, &result->missing);
	for (size_t i = 0; i < join->wanted->count; i++)
		if (!platforms_has(&join->missing, &join->wanted->items[i]))
			platforms_add(&result->platforms, &join->wanted->items[i]);
	return 0;
}

int
join_image(struct session *session, const struct target *target, const struct join_options *options,
	   struct join_result *ret_result, struct error **err)
{
	CLEANUP(release)
	struct join join = {
		.session = session,
		.target = target,
		.options = options,
		.wanted = options->platforms ? options->platforms : &target->platforms,
	};
	AUTO_FREE char *name = target_name(target, 0);

	if (join.wanted->count == 0) {
		error_set(err, ERROR_USAGE, "no platforms given");
		return error_set_hint(err, "name them with --platform, or under `platforms` in the "
					   "project file");
	}
	if (!target->candidates[0].reference.tag)
		return error_set(err, ERROR_USAGE, "'%s' has no tag", name);
	if (repository_expect_write(session, &target->candidates[0], err) < 0 ||
	    run(&join, ret_result, err) < 0)
		return error_wrap(err, "cannot join '%s'", name);
	return 0;
}

void
join_result_release(struct join_result *result)
{
	free(result->repository);
	platforms_release(&result->platforms);
	platforms_release(&result->missing);
	*result = (struct join_result){ 0 };
}
