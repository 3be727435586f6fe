#include "image/retag.h"

#include "base/error.h"
#include "base/strings.h"
#include "image/find.h"
#include "image/push_tree.h"
#include "image/target.h"
#include "repository/repository.h"

static int
put_tags(struct repository *repository, const struct resolution *root, const struct strings *tags,
	 struct error **err)
{
	for (size_t i = 0; i < tags->count; i++)
		if (repository_put_manifest(repository, tags->items[i], &root->descriptor,
					    root->bytes.data, err) < 0)
			return error_wrap(err, "tag '%s'", tags->items[i]);
	return 0;
}

static int
check_tags(struct repository *repository, const struct digest *digest, const struct strings *tags,
	   struct error **err)
{
	for (size_t i = 0; i < tags->count; i++)
		if (push_check_tag(repository, tags->items[i], digest, err) < 0)
			return -1;
	return 0;
}

int
retag_image(struct session *session, const struct target *target, const struct strings *tags,
	    bool no_clobber, char **ret_repository, struct digest *ret_digest, struct error **err)
{
	AUTO_FOUND_IMAGE struct found_image found = { 0 };
	AUTO_REPOSITORY struct repository *repository = NULL;
	const struct digest *digest = &found.root.descriptor.digest;

	if (find_required_image(session, target, &found, err) < 0)
		return -1;
	repository = repository_open(session, &target->places[found.place], REPOSITORY_WRITE, err);
	if (!repository || (no_clobber && check_tags(repository, digest, tags, err) < 0) ||
	    put_tags(repository, &found.root, tags, err) < 0)
		return -1;
	*ret_repository = location_repository(&target->places[found.place]);
	*ret_digest = *digest;
	return 0;
}
