/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/confirm_tag.h"

#include <poll.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/observer.h"
#include "base/strings.h"
#include "image/resolve/target.h"
#include "repository/session.h"

#define TAG_LAG_MS 10000 /* how long a registry may take to show a new tag */
#define TAG_LAG_STEP_MS 1000

/* By any of its digests: a registry may store a manifest under another algorithm. */
static bool
is_same(const struct resolution *root, const struct digest *put)
{
	struct digest digest = digest_of(put->algorithm, root->bytes.data, root->bytes.size);

	return digest_equal(&digest, put);
}

static bool
is_settled(const struct lookup *lookup, const struct digest *put)
{
	return lookup->presence == PRESENCE_PRESENT && (!put || is_same(&lookup->found.root, put));
}

int
confirm_tag_wait(struct session *session, const struct target *target,
		 const struct lookup_options *options, const struct digest *put,
		 struct lookup *lookup, struct error **err)
{
	int64_t deadline_ms = deadline_after_ms(TAG_LAG_MS);
	struct target own = *target;

	/* A fallback's image does not show the result of a push. */
	own.candidate_count = 1;
	for (;;) {
		lookup_release(lookup);
		if (lookup_image(session, &own, options, lookup, err) < 0)
			return -1;
		if (is_settled(lookup, put) || deadline_left_ms(deadline_ms, 1) == 0)
			return 0;
		(void)poll(NULL, 0, TAG_LAG_STEP_MS);
	}
}

int
confirm_tag(struct session *session, const struct target *target,
	    const struct lookup_options *options, const struct digest *put, struct lookup *lookup,
	    struct error **err)
{
	if (confirm_tag_wait(session, target, options, put, lookup, err) < 0)
		return -1;
	if (is_settled(lookup, put))
		return 0;
	if (lookup->presence != PRESENCE_PRESENT)
		return error_set(err, ERROR_UNAVAILABLE,
				 "the registry does not show what was pushed");
	/* The lookup has compared the fingerprints. */
	if (!target->by_hash) {
		AUTO_FREE char *name = target_name(target, 0);

		error_set(err, ERROR_REFUSED, "'%s' names %s, which another writer pushed", name,
			  digest_text(&lookup->found.root.descriptor.digest).text);
		return error_set_class(err, CLASS_TAG_CONFLICT);
	}
	observer_tell(session_observer(session), EVENT_NOTICE,
		      "another job pushed the same fingerprint at the same time; its image is "
		      "used");
	return 0;
}

static int
settle_one(struct session *session, const struct location *place, char *tag,
	   struct put_result *put_result, struct error **err)
{
	struct location tagged = *place;
	struct target target = { .candidates = &tagged, .candidate_count = 1 };
	struct lookup_options options = { 0 };
	AUTO_LOOKUP struct lookup lookup = { 0 };

	tagged.reference.tag = tag;
	tagged.reference.digest.algorithm = DIGEST_NONE;
	if (confirm_tag(session, &target, &options, &put_result->digest, &lookup, err) < 0)
		return -1;
	*put_result = (struct put_result){ lookup.found.root.descriptor.digest, true };
	return 0;
}

int
confirm_tags(struct session *session, const struct location *place, const struct strings *tags,
	     bool claimed, struct put_result *put_result, struct error **err)
{
	if (!claimed && put_result->is_told)
		return 0;
	for (size_t i = 0; i < tags->count; i++)
		if (settle_one(session, place, tags->items[i], put_result, err) < 0)
			return -1;
	return 0;
}
