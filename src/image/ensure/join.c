/* SPDX-License-Identifier: Apache-2.0 */
#include "image/ensure/join.h"

#include <poll.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/observer.h"
#include "base/xalloc.h"
#include "image/document/image_part.h"
#include "image/document/image_tree.h"
#include "image/ensure/join_private.h"
#include "image/resolve/lookup.h"
#include "image/resolve/target.h"
#include "image/transfer/publish.h"
#include "image/transfer/push_tree.h"
#include "image/trust/verify.h"
#include "repository/session.h"

#define ASK_AGAIN_FIRST_MS 500
#define ASK_AGAIN_MS 5000
#define SHOWN_LATE_MS 50 /* a registry may show late what it took; more each time */

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

static int
refuse_missing(const struct join *join, struct error **err)
{
	AUTO_FREE char *name = target_name(join->target, 0);
	AUTO_FREE char *missing = platforms_format(&join->missing, ", ");

	error_set(err, ERROR_PLATFORM, "cannot join '%s': no image was pushed for %s", name,
		  missing);
	return error_set_hint(err, "`ocifp ensure --platform-tag` on a runner of that platform "
				   "does; --wait TIME waits for it");
}

/* A fallback that has the whole image leaves nothing to be joined.  One that does not answer, or
 * lacks a required signature, is as good as one that lacks the image: the image's own place counts.
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

static void
note_result(const struct join *join, struct join_result *result)
{
	result->repository = location_repository(&join->target->candidates[0]);
	result->digest = join->current_digest;
	platforms_copy(&join->missing, &result->missing);
	for (size_t i = 0; i < join->wanted->count; i++)
		if (!platforms_has(&join->missing, &join->wanted->items[i]))
			platforms_add(&result->platforms, &join->wanted->items[i]);
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
		if (join_collect(join, err) < 0)
			return -1;
	}
	return 0;
}

/* Reads again after each write, until nothing is left to write. */
static int
converge(struct join *join, struct error **err)
{
	for (int rounds = 0; !join_is_done(join); rounds++) {
		if (join->target->locked.algorithm != DIGEST_NONE)
			return refuse_locked(join->target, err);
		if (rounds == JOIN_ROUNDS_LIMIT_COUNT)
			return error_set(err, ERROR_REFUSED,
					 "the platforms' tags or the joined one change all the "
					 "time");
		if (put(join, err) < 0)
			return -1;
		(void)poll(NULL, 0, rounds * SHOWN_LATE_MS);
		if (join_collect(join, err) < 0)
			return -1;
	}
	return 0;
}

static int
run(struct join *join, struct join_result *result, struct error **err)
{
	if (join_collect(join, err) < 0)
		return -1;
	if (join->missing.count > 0 && is_elsewhere(join, result)) {
		result->was_there = true;
		return 0;
	}
	if (wait_for_all(join, err) < 0)
		return -1;
	if (join->missing.count > 0 &&
	    (!join->options->partial || join->joined.manifests.count == 0))
		return refuse_missing(join, err);
	result->was_there = join_is_done(join);
	if (converge(join, err) < 0)
		return -1;
	note_result(join, result);
	return 0;
}

static int
refuse_nameless(struct error **err)
{
	error_set(err, ERROR_USAGE, "no platforms given");
	return error_set_hint(err, "name them with --platform, or under `platforms` in the "
				   "project file");
}

int
join_image(struct session *session, const struct target *target, const struct join_options *options,
	   struct join_result *ret_result, struct error **err)
{
	CLEANUP(join_release)
	struct join join = {
		.session = session,
		.target = target,
		.options = options,
		.wanted = options->platforms ? options->platforms : &target->platforms,
	};
	AUTO_FREE char *name = target_name(target, 0);

	if (join.wanted->count == 0)
		return refuse_nameless(err);
	if (!target->candidates[0].reference.tag)
		return error_set(err, ERROR_USAGE, "'%s' has no tag", name);
	if (run(&join, ret_result, err) < 0)
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
