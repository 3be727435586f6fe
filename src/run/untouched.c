#include "run/untouched.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/strings.h"
#include "base/xalloc.h"
#include "run/in_root.h"
#include "run/root.h"

struct untouched_item {
	char *path;
	ino_t inode;
	struct timespec changed;
	bool is_same;
};

static int
open_upper(const struct root *root)
{
	return openat(root->fd, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The folder that it is in, and its name there.  The job may have put links in our way: they lead
 * nowhere but within the upper directory, to something that is not the same. */
static bool
find(int upper_fd, const char *path, struct in_root *ret_folder, struct stat *ret_status)
{
	AUTO_FREE char *folder = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	AUTO_ERROR struct error *unfound = NULL;
	bool found = false;

	return in_root_find(upper_fd, folder, ret_folder, &found, &unfound) == 0 && found &&
	       fstatat(ret_folder->fd, strrchr(path, '/') + 1, ret_status, AT_SYMLINK_NOFOLLOW) ==
		       0;
}

static void
add(struct untouched *untouched, int upper_fd, const char *path)
{
	AUTO_IN_ROOT struct in_root folder = IN_ROOT_INIT;
	struct stat status;

	if (!find(upper_fd, path, &folder, &status))
		return;
	untouched->items =
		xrealloc(untouched->items, (untouched->count + 1) * sizeof(*untouched->items));
	untouched->items[untouched->count++] = (struct untouched_item){
		.path = xstrdup(path),
		.inode = status.st_ino,
		.changed = status.st_ctim,
	};
}

static int
longer_first(const void *a, const void *b)
{
	size_t a_size = strlen(((const struct untouched_item *)a)->path);
	size_t b_size = strlen(((const struct untouched_item *)b)->path);

	return (a_size < b_size) - (a_size > b_size);
}

/* A folder that is above several is noted as often. */
void
untouched_note(const struct root *root, const struct strings *made, struct untouched *ret_untouched)
{
	AUTO_CLOSE int upper_fd = open_upper(root);

	for (size_t i = 0; upper_fd >= 0 && i < made->count; i++) {
		AUTO_FREE char *path = xstrdup(made->items[i]);

		for (; *path; *strrchr(path, '/') = '\0')
			add(ret_untouched, upper_fd, path);
	}
	if (ret_untouched->count > 0)
		qsort(ret_untouched->items, ret_untouched->count, sizeof(*ret_untouched->items),
		      longer_first);
}

static bool
is_same(int upper_fd, const struct untouched_item *item)
{
	AUTO_IN_ROOT struct in_root folder = IN_ROOT_INIT;
	struct stat status;

	return find(upper_fd, item->path, &folder, &status) && status.st_ino == item->inode &&
	       status.st_ctim.tv_sec == item->changed.tv_sec &&
	       status.st_ctim.tv_nsec == item->changed.tv_nsec;
}

static void
remove_item(int upper_fd, const char *path)
{
	AUTO_IN_ROOT struct in_root folder = IN_ROOT_INIT;
	const char *name = strrchr(path, '/') + 1;
	struct stat status;

	if (find(upper_fd, path, &folder, &status))
		(void)unlinkat(folder.fd, name, S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0);
}

/* All are looked at before the first goes: that changes the folder above. */
void
untouched_remove(const struct root *root, struct untouched *untouched)
{
	AUTO_CLOSE int upper_fd = open_upper(root);

	if (upper_fd < 0)
		return;
	for (size_t i = 0; i < untouched->count; i++)
		untouched->items[i].is_same = is_same(upper_fd, &untouched->items[i]);
	for (size_t i = 0; i < untouched->count; i++)
		if (untouched->items[i].is_same)
			remove_item(upper_fd, untouched->items[i].path);
}

void
untouched_release(struct untouched *untouched)
{
	for (size_t i = 0; i < untouched->count; i++)
		free(untouched->items[i].path);
	free(untouched->items);
	*untouched = (struct untouched){ 0 };
}
