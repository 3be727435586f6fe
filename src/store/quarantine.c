#include "store/state.h"

#include <sys/stat.h>

#include "base/error.h"
#include "base/random.h"
#include "base/xalloc.h"
#include "store/folder.h"

static bool
is_same_file(int a_fd, int b_fd)
{
	struct stat a;
	struct stat b;

	return fstat(a_fd, &a) == 0 && fstat(b_fd, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* "blobs/sha256/ab.." becomes one name. */
static char *
target_path(const char *path)
{
	char *target = xasprintf("%s/%s", STORE_QUARANTINE, path);

	for (char *c = target + sizeof(STORE_QUARANTINE); *c; c++)
		if (*c == '/')
			*c = '-';
	return target;
}

/* Over a folder that was set aside before no file can be moved, nor one folder over another. */
static int
move_aside(const struct store *store, const char *path, struct error **err)
{
	AUTO_FREE char *target = target_path(path);
	AUTO_FREE char *other = NULL;
	AUTO_FREE char *hex = NULL;
	AUTO_ERROR struct error *taken = NULL;

	if (folder_move(store, path, target, &taken) == 0)
		return 0;
	hex = random_hex(8, err);
	if (!hex)
		return -1;
	other = xasprintf("%s.%s", target, hex);
	return folder_move(store, path, other, err);
}

int
store_quarantine(struct store *store, const char *path, int fd, struct error **err)
{
	AUTO_CLOSE int named_fd = -1;

	if (fd >= 0 && folder_find_file(store, path, &named_fd, err) < 0)
		return -1;
	if (fd >= 0 && (named_fd < 0 || !is_same_file(fd, named_fd)))
		return 0;
	return move_aside(store, path, err);
}
