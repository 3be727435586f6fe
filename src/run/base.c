#include "run/base.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "image/local_image.h"
#include "image/unpack.h"
#include "repository/session.h"
#include "sandbox/id_map.h"
#include "store/folder.h"
#include "store/store.h"

static bool
is_there(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Where the tree of that image is or will be; the caller owns it. */
static char *
tree_path(struct store *store, const struct local_image *image, struct error **err)
{
	AUTO_CLOSE int trees_fd = folder_make(store, STORE_TREES, err);
	AUTO_FREE char *folder = xasprintf("%s/" STORE_TREES, store_path(store));
	AUTO_FREE char *whole = NULL;
	struct id_map map;

	if (trees_fd < 0 || id_map_choose(&map, err) < 0)
		return NULL;
	whole = realpath(folder, NULL);
	if (!whole) {
		(void)error_set_path(err, errno, "find", folder);
		return NULL;
	}
	return xasprintf("%s/%s-%s", whole, digest_hex(&image->digest).text,
			 id_map_name(&map).text);
}

/* Another run may have made it meanwhile. */
static int
make_tree(struct session *session, const struct local_image *image, const char *path,
	  struct error **err)
{
	const struct unpack_options options = { .directory = path };
	AUTO_ERROR struct error *failure = NULL;
	struct unpack_result result = { 0 };

	if (is_there(path) || unpack_image(session, image, &options, &result, &failure) == 0 ||
	    is_there(path))
		return 0;
	*err = TAKE_PTR(failure);
	return -1;
}

int
run_base_of_image(struct session *session, const struct digest *root,
		  const struct platforms *platforms, struct run_base *ret_base, struct error **err)
{
	AUTO_LOCAL_IMAGE struct local_image image = { 0 };
	struct store *store = session_store(session, err);
	AUTO_FREE char *path = NULL;

	if (!store || local_image_read(session, root, platforms, &image, err) < 0)
		return -1;
	path = tree_path(store, &image, err);
	if (!path || make_tree(session, &image, path, err) < 0)
		return -1;
	strings_add(&ret_base->layers, path);
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
	strings_take(&ret_base->layers, found);
	return 0;
}

void
run_base_release(struct run_base *base)
{
	strings_release(&base->layers);
	image_config_release(&base->config);
}
