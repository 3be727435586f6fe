/* SPDX-License-Identifier: Apache-2.0 */
#include "image/ensure/moving_tags.h"

#include <string.h>

#include "base/error.h"
#include "base/observer.h"
#include "base/strings.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "image/document/image_node.h"
#include "image/resolve/target.h"
#include "image/transfer/push_tree.h"
#include "project/ci.h"
#include "project/project.h"
#include "repository/repository.h"
#include "repository/session.h"

static int
move_tags(struct session *session, const struct target *target, const struct digest *digest,
	  struct error **err)
{
	const struct location *place = &target->candidates[0];
	AUTO_REPOSITORY struct repository *repository =
		repository_open(session, place, REPOSITORY_WRITE, err);
	AUTO_RESOLUTION struct resolution root = { 0 };
	AUTO_STRINGS struct strings wrong = { 0 };
	struct image_node bare = { 0 };
	const struct pushing pushing = { .destination = repository, .root = &bare };
	struct put_result ignored;

	if (!repository)
		return -1;
	/* A tag that already names the digest costs one request. */
	for (size_t i = 0; i < target->image->tags.count; i++) {
		struct digest named;
		bool found = false;

		if (repository_find_tag(repository, target->image->tags.items[i], &found, &named,
					err) < 0)
			return error_wrap(err, "tag '%s'", target->image->tags.items[i]);
		if (!found || !digest_equal(&named, digest))
			strings_add(&wrong, target->image->tags.items[i]);
	}
	if (wrong.count == 0)
		return 0;
	if (repository_resolve(repository, NULL, digest, &root, err) < 0)
		return -1;
	if (root.evidence.presence != PRESENCE_PRESENT)
		return error_set(err, ERROR_UNAVAILABLE, "the registry does not show %s",
				 digest_text(digest).text);
	bare.descriptor = root.descriptor;
	bare.bytes = root.bytes;
	if (push_tags(&pushing, &wrong, &ignored, err) < 0)
		return -1;
	for (size_t i = 0; i < wrong.count; i++)
		observer_tell(session_observer(session), EVENT_NOTICE, "tag '%s' names %s now",
			      wrong.items[i], digest_text(digest).text);
	return 0;
}

int
moving_tags_keep(struct session *session, const struct target *target, const struct digest *digest,
		 struct error **err)
{
	const struct project_image *image = target->image;
	const char *why_not = NULL;
	AUTO_FREE char *reason = NULL;

	if (!image || image->tags.count == 0 || !ci_pushes(&image->push_refs, &why_not))
		return 0;
	if (!ci_is_at_head(target->directory, &reason)) {
		for (size_t i = 0; i < image->tags.count; i++)
			observer_tell(session_observer(session), EVENT_NOTICE,
				      "tag '%s' does not move: %s", image->tags.items[i], reason);
		return 0;
	}
	return move_tags(session, target, digest, err) < 0
		       ? error_wrap(err, "cannot keep the tags of image '%s'", image->name)
		       : 0;
}
