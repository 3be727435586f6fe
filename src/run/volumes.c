#include "run/volumes.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/xalloc.h"
#include "store/folder.h"
#include "store/store.h"

/* Others may be users of the job; the store above keeps everybody else out. */
static const mode_t volume_mode = 0755;

char *
volume_make(struct store *store, const char *name, bool *ret_is_new, struct error **err)
{
	AUTO_FREE char *path = xasprintf(STORE_VOLUMES "/%s", name);
	AUTO_FREE char *full = NULL;
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int made_fd = -1;
	char *found;

	if (folder_find(store, path, &fd, err) < 0)
		return NULL;
	*ret_is_new = fd < 0;
	if (fd < 0) {
		made_fd = folder_make(store, path, err);
		if (made_fd < 0)
			return NULL;
		if (fchmod(made_fd, volume_mode) < 0) {
			(void)folder_fail(store, errno, "change the mode of", path, err);
			return NULL;
		}
	}
	full = xasprintf("%s/%s", store_path(store), path);
	found = realpath(full, NULL);
	if (!found)
		(void)folder_fail(store, errno, "find", path, err);
	return found;
}

int
volumes_list(const struct store *store, struct strings *ret_names, struct error **err)
{
	return folder_list(store, STORE_VOLUMES, ret_names, err);
}
