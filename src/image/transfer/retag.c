/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transfer/retag.h"

#include "base/error.h"
#include "base/strings.h"
#include "image/document/image_tree.h"
#include "image/resolve/find.h"
#include "image/resolve/target.h"
#include "image/transfer/confirm_tag.h"
#include "image/transfer/push_tree.h"
#include "image/trust/verify.h"
#include "repository/repository.h"

static int
put_tags(struct repository *repository, const struct resolution *root, const struct strings *tags,
	 struct put_result *put_result, struct error **err)
{
	const struct image_node bare = { .descriptor = root->descriptor, .bytes = root->bytes };
	const struct pushing pushing = { .destination = repository, .root = &bare };

	return push_tags(&pushing, tags, put_result, err);
}

int
retag_image(struct session *session, const struct target *target, const struct strings *tags,
	    bool no_clobber, struct push_result *ret_result, struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	AUTO_REPOSITORY struct repository *repository = NULL;
	const struct digest *digest = &found.root.descriptor.digest;
	const struct location *place;
	struct put_result put_result;

	if (find_required_image(session, target, &found, err) < 0 ||
	    verify_required(session, target, &found, false, err) < 0)
		return -1;
	place = &target->candidates[found.place];
	repository = repository_open(session, place, REPOSITORY_WRITE, err);
	if (!repository || (no_clobber && push_check_tags(repository, tags, digest, err) < 0) ||
	    put_tags(repository, &found.root, tags, &put_result, err) < 0 ||
	    confirm_tags(session, place, tags, no_clobber, &put_result, err) < 0)
		return -1;
	*ret_result = (struct push_result){
		.repository = location_repository(place),
		.digest = put_result.digest,
		.was_there = true,
	};
	return 0;
}
