#include "image/retag.h"

#include "base/error.h"
#include "base/strings.h"
#include "image/find.h"
#include "image/push_tree.h"
#include "image/settle.h"
#include "image/target.h"
#include "image/tree.h"
#include "image/verify.h"
#include "repository/repository.h"

static int
put_tags(struct repository *repository, const struct resolution *root, const struct strings *tags,
	 struct filing *filing, struct error **err)
{
	const struct image_node bare = { .descriptor = root->descriptor, .bytes = root->bytes };
	const struct pushing pushing = { .destination = repository, .root = &bare };

	return push_tags(&pushing, tags, filing, err);
}

int
retag_image(struct session *session, const struct target *target, const struct strings *tags,
	    bool no_clobber, struct push_result *ret_result, struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	AUTO_REPOSITORY struct repository *repository = NULL;
	const struct digest *digest = &found.root.descriptor.digest;
	const struct location *place;
	struct filing filing;

	if (find_required_image(session, target, &found, err) < 0 ||
	    verify_required(session, target, &found, false, err) < 0)
		return -1;
	place = &target->places[found.place];
	repository = repository_open(session, place, REPOSITORY_WRITE, err);
	if (!repository || (no_clobber && push_check_tags(repository, tags, digest, err) < 0) ||
	    put_tags(repository, &found.root, tags, &filing, err) < 0 ||
	    settle_tags(session, place, tags, no_clobber, &filing, err) < 0)
		return -1;
	*ret_result = (struct push_result){
		.repository = location_repository(place),
		.digest = filing.digest,
		.was_there = true,
	};
	return 0;
}
