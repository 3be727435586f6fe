#include "run/base.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "image/local_image.h"

int
run_base_of_image(struct session *session, const struct digest *root,
		  const struct platforms *platforms, struct run_base *ret_base, struct error **err)
{
	AUTO_LOCAL_IMAGE struct local_image image = { 0 };

	if (local_image_read(session, root, platforms, &image, err) < 0 ||
	    image_layers_open(session, &image, &ret_base->layers, err) < 0)
		return -1;
	ret_base->manifest = image.digest;
	ret_base->config = image.config;
	image.config = (struct image_config){ 0 };
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
