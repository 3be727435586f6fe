/* SPDX-License-Identifier: Apache-2.0 */
#include "run/root/root_base.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "image/transfer/pull.h"
#include "image/unpack/image_unpacker.h"

int
run_base_of_image(struct session *session, const struct target *target,
		  const struct pull_options *options, struct run_base *ret_base, struct error **err)
{
	CLEANUP(image_unpacker_release) struct image_unpacker unpacker = { 0 };
	AUTO_PULL_RESULT struct pull_result pulled = { 0 };
	struct pull_options followed = *options;

	followed.hook = &unpacker.hook;
	if (image_layers_begin(&unpacker, session, err) < 0 ||
	    pull_image(session, target, &followed, &pulled, err) < 0 ||
	    image_layers_finish(&unpacker, &ret_base->layers, err) < 0)
		return -1;
	ret_base->manifest = unpacker.image.digest;
	ret_base->config = unpacker.image.config;
	unpacker.image.config = (struct image_config){ 0 };
	return 0;
}

int
run_base_of_directory(const char *path, struct run_base *ret_base, struct error **err)
{
	char *found = realpath(path, NULL);
	struct stat status;

	if (!found || stat(found, &status) < 0) {
		free(found);
		return error_set_path(err, errno, "find", path);
	}
	/* A tree that other users of the host cannot enter is open to the job's users. */
	ret_base->layers.root_mode = (status.st_mode & 07777) | 0755;
	strings_take(&ret_base->layers.paths, found);
	return id_map_choose(&ret_base->layers.map, err);
}

void
run_base_release(struct run_base *base)
{
	image_layers_release(&base->layers);
	image_config_release(&base->config);
}
