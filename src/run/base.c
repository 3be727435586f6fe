#include "run/base.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "image/follower.h"
#include "image/pull.h"

static int
pull_layers(struct follower *follower, struct session *session, const struct target *target,
	    const struct pull_options *options, struct image_layers *ret_layers, struct error **err)
{
	AUTO_PULL_RESULT struct pull_result pulled = { 0 };
	struct pull_options followed = *options;

	followed.follower = follower;
	if (image_layers_begin(follower, session, err) < 0 ||
	    pull_image(session, target, &followed, &pulled, err) < 0)
		return -1;
	return image_layers_finish(follower, ret_layers, err);
}

int
run_base_of_image(struct session *session, const struct target *target,
		  const struct pull_options *options, struct run_base *ret_base, struct error **err)
{
	CLEANUP(follower_release) struct follower follower = { 0 };

	if (pull_layers(&follower, session, target, options, &ret_base->layers, err) < 0)
		return -1;
	ret_base->manifest = follower.image.digest;
	ret_base->config = follower.image.config;
	follower.image.config = (struct image_config){ 0 };
	return 0;
}

int
run_base_of_directory(const char *path, struct run_base *ret_base, struct error **err)
{
	char *found = realpath(path, NULL);

	if (!found)
		return error_set_path(err, errno, "find", path);
	strings_take(&ret_base->layers.paths, found);
	return id_map_choose(&ret_base->layers.map, err);
}

void
run_base_release(struct run_base *base)
{
	image_layers_release(&base->layers);
	image_config_release(&base->config);
}
